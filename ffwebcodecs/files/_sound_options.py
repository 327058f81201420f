"""What the caller of a conversion says about sound: listed once, checked once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from .._spec.codecs.audio_strings import parse_audio_codec
from .._spec.encoders.sound_choice import SHORT_NAMES
from .._spec.numbers import show, to_integer
from ..errors import InvalidArgumentError, NotSupportedError
from ..frames.audio_data import AudioData
from ._encoding_options import bits_of

MapAudio = Callable[[AudioData], AudioData | None]
AUTO, COPY = "auto", "copy"
_MOST_RATE = 768_000  # hertz
_MOST_CHANNELS = 64


@dataclass(frozen=True)
class SoundOptions:
    """What becomes of the sound of a film.

    Attributes
    ----------
    wanted : bool
        False: there is none in the output, and nothing else but the video.
    codec : str
        `AUTO`, `COPY`, or what `_spec.codecs.audio_strings.parse_audio_codec` takes.
    bitrate, sample_rate, channels : int or None
        Of what is encoded.
    stream : int or None
        Index of the one stream that is wanted, None: all.
    map_audio : callable or None
    """

    wanted: bool
    codec: str
    bitrate: int | None
    sample_rate: int | None
    channels: int | None
    stream: int | None
    map_audio: MapAudio | None

    @property
    def encodes(self) -> bool:
        """Whether all sound is encoded, whatever the container holds."""
        return self.codec not in (AUTO, COPY) or bool(self._changes())

    def _changes(self) -> list[str]:
        values = {
            "audio_bitrate": self.bitrate,
            "sample_rate": self.sample_rate,
            "channels": self.channels,
            "map_audio": self.map_audio,
        }
        return [name for name, value in values.items() if value is not None]

    @classmethod
    def parse(cls, given: Mapping[str, Any]) -> SoundOptions:
        """Check what can be checked before anything is opened.

        Parameters
        ----------
        given : mapping
            The options by name, as `locals()` has them; one that is not there has its default.

        Raises
        ------
        InvalidArgumentError
            An option is out of range, or says the opposite of another one.
        NotSupportedError
            `audio` is no codec.
        """
        wanted, codec = _codec(given.get("audio", AUTO))
        parsed = cls(
            wanted,
            codec,
            _bitrate(given.get("audio_bitrate")),
            _number(given.get("sample_rate"), "sample_rate", _MOST_RATE, "hertz"),
            _number(given.get("channels"), "channels", _MOST_CHANNELS, ""),
            _stream(given.get("audio_stream")),
            given.get("map_audio"),
        )
        if parsed.map_audio is not None and not callable(parsed.map_audio):
            raise InvalidArgumentError(f"map_audio must be callable, got {show(parsed.map_audio)}")
        changes = parsed._changes()
        if changes and (codec == COPY or not wanted):
            why = "copies sound as it is" if wanted else "leaves no sound"
            raise InvalidArgumentError(
                f"audio={given['audio']!r} {why}: {', '.join(changes)} "
                f"{'is' if len(changes) == 1 else 'are'} for sound that is encoded"
            )
        if parsed.stream is not None and not wanted:
            raise InvalidArgumentError("audio=False leaves no sound: audio_stream chooses nothing")
        return parsed


def _codec(audio: Any) -> tuple[bool, str]:
    """Return whether sound is wanted, and as what."""
    if audio is False or audio is True:
        return audio, AUTO
    if not isinstance(audio, str) or not audio.strip():
        raise InvalidArgumentError(
            f"audio must be True, False, 'auto', 'copy', a codec such as {_listed()}, "
            f"or a codec string, got {show(audio)}"
        )
    name = audio.strip()
    if name.lower() in (AUTO, COPY):
        return True, name.lower()
    if name.lower() == "none":
        raise InvalidArgumentError("audio='none' is no codec: audio=False leaves sound out")
    if name.lower() in SHORT_NAMES:
        return True, SHORT_NAMES[name.lower()]
    try:
        parse_audio_codec(name)
    except NotSupportedError as error:
        raise NotSupportedError(f"audio: {error}; {_listed()} are usual") from None
    return True, name


def _listed() -> str:
    return ", ".join(f"'{name}'" for name in SHORT_NAMES)


def _bitrate(value: Any) -> int | None:
    if value is None:
        return None
    bits = bits_of(value) if isinstance(value, str) else to_integer(value, "audio_bitrate")
    if not 500 <= bits < 2**31:
        hint = f"; did you mean {bits}_000?" if 0 < bits < 500 else ""
        raise InvalidArgumentError(
            f"audio_bitrate is {bits}, it must be from 500 to 2**31 - 1 bits per second{hint}"
        )
    return bits


def _number(value: Any, what: str, most: int, unit: str) -> int | None:
    if value is None:
        return None
    number = to_integer(value, what)
    if not 1 <= number <= most:
        raise InvalidArgumentError(
            f"{what} is {number}, it must be from 1 to {most}{' ' * bool(unit)}{unit}"
        )
    return number


def _stream(value: Any) -> int | None:
    if value is None:
        return None
    number = to_integer(value, "audio_stream")
    if number < 0:
        raise InvalidArgumentError(f"audio_stream is {number}, it must be a stream's index")
    return number
