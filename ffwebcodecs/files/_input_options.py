"""What the caller of a reader says about its input: checked once, before anything is opened."""

from __future__ import annotations

from collections.abc import Mapping

from .._av.files.opening import Opening
from .._record import replace
from .._spec.codecs.config import COLOR_MEMBERS, VideoDecoderConfig, refuse_unknown
from .._spec.codecs.picture_limit import MAX_PIXELS, read_max_pixels
from .._spec.frames.color_space import VideoColorSpace
from .._spec.numbers import show, to_integer, to_real
from .._spec.types import VideoColorSpaceInit
from ..codecs._file_colors import with_colors
from ..errors import InvalidArgumentError

ColorSpace = VideoColorSpace | VideoColorSpaceInit
_LONGEST = 1e9  # seconds
_SAME = "same-host"


def parse_opening(
    format: str | None,
    options: Mapping[str, object] | None,
    playlists: bool | str | None,
    max_pixels: int | None,
    timeout: float | None,
    prefix: str = "",
    *,
    stream: int | None = None,
    color_space: ColorSpace | None = None,
) -> Opening:
    """Return the parameters as an Opening; `prefix` stands before the first two's names. Whether
    there is such a `stream` is seen when the file is open.

    Raises
    ------
    InvalidArgumentError
        One of them is out of range.
    """
    if format is not None:
        _text(format, f"{prefix}format")
    given = {} if options is None else _options(options, f"{prefix}options")
    if playlists is None or (
        isinstance(playlists, (bool, str)) and playlists in (True, False, _SAME)
    ):
        allowed = playlists
    else:
        raise InvalidArgumentError(
            f"playlists must be True, False, 'same-host' or None, got {show(playlists)}"
        )
    return Opening(
        format=format,
        options=given,
        playlists=allowed,
        max_pixels=read_max_pixels(max_pixels),
        timeout=_seconds(timeout),
        stream=None if stream is None else to_integer(stream, "stream"),
        color_space=_colors(color_space),
    )


def limited(config: VideoDecoderConfig, max_pixels: int | None) -> VideoDecoderConfig:
    """Return a configuration with this limit, unless it is only the usual one."""
    if max_pixels in (MAX_PIXELS, config.max_pixels):
        return config
    return replace(config, max_pixels=max_pixels)


def _colors(value: ColorSpace | None) -> VideoColorSpace | None:
    if isinstance(value, Mapping):
        refuse_unknown(value, COLOR_MEMBERS, "color_space")
    return None if value is None else VideoColorSpace.parse(value)


def adapted(config: VideoDecoderConfig, opening: Opening) -> VideoDecoderConfig:
    """Return a configuration with the limit and the colours of an Opening."""
    return limited(with_colors(config, opening.color_space), opening.max_pixels)


def _text(value: object, what: str) -> str:
    if not isinstance(value, str) or not value.strip() or "\0" in value:
        raise InvalidArgumentError(f"{what} must be a name of FFmpeg's, got {show(value)}")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise InvalidArgumentError(f"{what} is no text: {show(value)}") from None
    return value


def _options(options: object, what: str) -> dict[str, str]:
    if not isinstance(options, Mapping):
        raise InvalidArgumentError(f"{what} must be a mapping, got {show(options)}")
    result = {}
    for name, value in options.items():
        key = _text(name, f"a name in {what}")
        if not isinstance(value, (str, int, float)):
            raise InvalidArgumentError(
                f"{what}[{key!r}] must be a string or a number, got {show(value)}"
            )
        text = str(int(value) if isinstance(value, bool) else value)
        result[key] = _text(text, f"{what}[{key!r}]") if text else ""
    return result


def _seconds(value: object) -> float | None:
    if value is None:
        return None
    seconds = to_real(value, "timeout")
    if seconds <= 0:
        raise InvalidArgumentError(f"timeout is {show(value)}, it must be more than 0 seconds")
    return float(min(seconds, _LONGEST))
