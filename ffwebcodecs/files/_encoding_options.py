"""What the caller of a conversion says about the encoder: listed once, checked once."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any

from .._spec.codecs.config import HARDWARE_ACCELERATION
from .._spec.codecs.families import BY_SHORT_NAME
from .._spec.codecs.strings import parse_codec
from .._spec.encoders.strings import check_codec_name, codec_for_suffix
from .._spec.frames.background import parse_background
from .._spec.frames.rect import Rect
from .._spec.numbers import show, to_dimension, to_float, to_integer
from .._spec.texts import is_path, to_path
from .._spec.types import AlphaOption, HardwareAcceleration, LatencyMode
from ..errors import InvalidArgumentError
from ..frames._crop import parse_crop


@dataclass(frozen=True)
class EncodingOptions:
    """The options of `transcode` and `write_frames`, which say what they mean."""

    codec: str
    bitrate: int | None
    quantizer: int | None
    width: int | None
    height: int | None
    crop: Rect | None
    framerate: float | None
    format: str | None
    alpha: AlphaOption | None
    background: tuple[int, int, int] | None
    latency_mode: LatencyMode
    hardware_acceleration: HardwareAcceleration
    encoder_options: Mapping[str, Any] | None
    threads: int | None
    fragment_duration: float | None  # key frames are wanted at their borders

    @property
    def background_name(self) -> str:
        """The colour that transparent pictures are put on, for people."""
        return (
            "white" if self.background is None else "#{:02x}{:02x}{:02x}".format(*self.background)
        )

    @property
    def codec_name(self) -> str:
        """FFmpeg's name of the codec, or of the encoder."""
        short = self.codec.strip().lower()
        return short if short in BY_SHORT_NAME else parse_codec(self.codec).name

    @property
    def size(self) -> tuple[int | None, int | None] | None:
        """Width and height to scale to, None if neither is given."""
        if self.width is None and self.height is None:
            return None
        return self.width, self.height

    @classmethod
    def parse(cls, output: Any, given: Mapping[str, Any]) -> EncodingOptions:
        """Check what can be checked before anything is opened.

        Parameters
        ----------
        output : path or file object
            The codec follows from its suffix, if none is given.
        given : mapping
            The options by name, as `locals()` has them; whatever else is in it does not count.

        Raises
        ------
        InvalidArgumentError
            An option is out of range.
        """
        options = {each.name: given[each.name] for each in fields(cls)}
        codec, format = options["codec"], options["format"]
        if codec is not None and (not isinstance(codec, str) or not codec.strip()):
            raise InvalidArgumentError(f"codec must be a name or a codec string, got {show(codec)}")
        if codec is not None:
            check_codec_name(codec)
        if options["bitrate"] is not None and options["quantizer"] is not None:
            raise InvalidArgumentError("give bitrate or quantizer, not both")
        if options["alpha"] not in (None, "discard", "keep"):
            raise InvalidArgumentError(
                f"alpha must be 'keep' or 'discard', got {show(options['alpha'])}"
            )
        if options["alpha"] == "keep" and options["background"] is not None:
            raise InvalidArgumentError("background is for pictures that lose their alpha channel")
        if options["hardware_acceleration"] not in HARDWARE_ACCELERATION:
            raise InvalidArgumentError(
                f"hardware_acceleration must be one of {', '.join(HARDWARE_ACCELERATION)}, "
                f"got {show(options['hardware_acceleration'])}"
            )
        for name, check in _CHECKS.items():
            if options[name] is not None:
                options[name] = check(options[name])
        if codec is None:
            suffix = os.path.splitext(to_path(output))[1] if is_path(output) else ""
            options["codec"] = codec_for_suffix(suffix if format is None else f".{format}")
        return cls(**options)


def _framerate(value: Any) -> float:
    rate = to_float(value, "framerate")
    if not 0 < rate <= 1000:
        raise InvalidArgumentError(
            f"framerate is {rate:g}, it must be more than 0 and at most 1000"
        )
    return rate


def _fragment_duration(value: Any) -> float:
    seconds = to_float(value, "fragment_duration")
    if not 0 < seconds < 1e6:
        raise InvalidArgumentError(
            f"fragment_duration is {seconds:g}, it must be more than 0 and in seconds"
        )
    return seconds


def _threads(value: Any) -> int:
    number = to_integer(value, "threads")
    if not 1 <= number <= 1024:
        raise InvalidArgumentError(f"threads is {number}, it must be from 1 to 1024")
    return number


def bits_of(text: str) -> int:
    """Return the number in ``"2M"``, ``"800k"`` or ``"1500000"``: bits per second.

    Raises
    ------
    InvalidArgumentError
        It is none, or not from 1 to 2**31 - 1.
    """
    number = text.strip().lower()
    scale = {"k": 1_000, "m": 1_000_000, "g": 1_000_000_000}.get(number[-1:], 1)
    try:
        bits = round(float(number if scale == 1 else number[:-1]) * scale)
    except (ValueError, OverflowError):
        bits = 0
    if not 1 <= bits < 2**31:
        raise InvalidArgumentError(f"{text!r} is no bitrate; write 2M, 800k or 1500000")
    return bits


def _bitrate(value: Any) -> int:
    bits = bits_of(value) if isinstance(value, str) else to_integer(value, "bitrate")
    if bits < 1:
        raise InvalidArgumentError(f"bitrate is {bits}, it must be at least 1 bit per second")
    return bits


def _quantizer(value: Any) -> int:
    quality = to_integer(value, "quantizer")
    if quality < 0:
        raise InvalidArgumentError(f"quantizer is {quality}, it must be at least 0")
    return quality


_CHECKS: dict[str, Callable[[Any], object]] = {
    "framerate": _framerate,
    "fragment_duration": _fragment_duration,
    "threads": _threads,
    "width": lambda value: to_dimension(value, "width"),
    "height": lambda value: to_dimension(value, "height"),
    "crop": parse_crop,
    "background": parse_background,
    "bitrate": _bitrate,
    "quantizer": _quantizer,
}
