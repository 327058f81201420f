"""What a muxer's caller gives besides chunks, checked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._spec.codecs.audio_config import AudioDecoderConfig
from .._spec.codecs.bits import as_view
from .._spec.codecs.config import VideoDecoderConfig
from .._spec.numbers import show
from .._spec.texts import attribute, items_of, number_text, to_text
from ..codecs._chunk import EncodedChunk
from ..errors import InvalidArgumentError, NotSupportedError

# 36,000 years: leaves room for clocks that tick faster.
_LATEST = 2**60
_NONE = object()


def check_chunk(chunk: object) -> None:
    """Raise InvalidArgumentError unless this is a chunk that a file can hold."""
    if not isinstance(chunk, EncodedChunk):
        raise InvalidArgumentError(
            f"chunk must be an EncodedVideoChunk or EncodedAudioChunk, got {show(chunk)}"
        )
    if not -_LATEST < chunk.timestamp < _LATEST:
        raise InvalidArgumentError(
            f"the timestamp is {chunk.timestamp} us, a file holds less than {_LATEST} us"
        )
    if chunk.duration is not None and chunk.duration >= _LATEST:
        raise InvalidArgumentError(
            f"the duration is {chunk.duration} us, a file holds less than {_LATEST} us"
        )
    if not chunk.byte_length and not chunk._from_container:
        raise InvalidArgumentError(f"the chunk at {chunk.timestamp} us holds no bytes")


def texts(value: Any, what: str) -> dict[str, str]:
    """Return a copy of a mapping of str to str; raises InvalidArgumentError."""
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise InvalidArgumentError(f"{what} must be a mapping of str to str, got {show(value)}")
    checked = {}
    for key, text in items_of(value, what):
        if not isinstance(key, str) or not isinstance(text, (str, int)):
            raise InvalidArgumentError(
                f"{what} must be a mapping of str to str, got {show(key)}: {show(text)}"
            )
        name = to_text(key, f"a key of {what}")
        which = f"{what}[{show(name)}]"
        if isinstance(text, str):
            checked[name] = to_text(text, which)
        else:
            checked[name] = number_text(text, which)
    return checked


def read_metadata(metadata: Any) -> tuple[VideoDecoderConfig | None, bytes | None]:
    """Return the configuration (a parsed copy) and alpha side data."""
    config, alpha = _members(metadata, VideoDecoderConfig, "EncodedVideoChunkMetadata")
    parsed = None if config is None else VideoDecoderConfig.parse(config)
    return parsed, bytes(as_view(alpha)) if alpha is not None else None


def read_sound_metadata(metadata: Any) -> AudioDecoderConfig | None:
    """Return the configuration of a track of sound, a parsed copy."""
    config, _ = _members(metadata, AudioDecoderConfig, "EncodedAudioChunkMetadata")
    return None if config is None else AudioDecoderConfig.parse(config)


def _members(metadata: Any, kind: type, usual: str) -> tuple[Any, Any]:
    """Return the configuration, and alpha side data, as they were given."""
    if metadata is None or isinstance(metadata, kind):
        return metadata, None
    if isinstance(metadata, Mapping):
        try:
            config = metadata.get("decoder_config", metadata.get("decoderConfig"))
            return config, metadata.get("alpha_side_data", metadata.get("alphaSideData"))
        except Exception as error:
            raise InvalidArgumentError(f"metadata cannot be read: {show(error)}") from error
    if (config := attribute(metadata, "decoder_config", _NONE)) is not _NONE:
        return config, attribute(metadata, "alpha_side_data")
    raise InvalidArgumentError(
        f"metadata must be an {usual}, {kind.__name__} or a mapping, got {show(metadata)}"
    )


def check_same(timestamp: int, config: VideoDecoderConfig, first: VideoDecoderConfig) -> None:
    """Raise NotSupportedError if a chunk's configuration cannot follow that of the first one.

    Codecs that carry their headers in the stream may change their size in it.
    """
    if config == first:
        return
    what = None
    if config.codec.split(".")[0] != first.codec.split(".")[0]:
        what = f"codec {config.codec!r} after {first.codec!r}"
    elif config.description != first.description:
        what = "another description"
    elif config.description is not None and (config.coded_width, config.coded_height) != (
        first.coded_width,
        first.coded_height,
    ):
        what = "another size"
    if what is not None:
        raise NotSupportedError(
            f"the chunk at {timestamp} us has {what}: a file holds one stream of one "
            "configuration, write another file"
        )
