"""What a picture file is asked for: its format, its quality, the colour behind its pixels."""

from __future__ import annotations

import os

from ...errors import InvalidArgumentError
from ..numbers import show, to_flag, to_integer
from .background import WHITE, parse_background

PNG, JPEG, WEBP = "png", "jpeg", "webp"
_FORMATS = {"png": PNG, "jpeg": JPEG, "jpg": JPEG, "webp": WEBP}
_SUFFIXES = {f".{name}": format for name, format in _FORMATS.items()}
# What browsers' canvas.toBlob takes where nobody says anything.
_USUAL = {JPEG: 92, WEBP: 80}
# libjpeg's tables in percent of quality 50, and FFmpeg's scale: measured, see docs/pictures.md.
_SCALES = ((0, 1), (10, 1), (60, 6), (100, 9), (167, 13), (250, 17), (500, 29), (600, 31))
_LONGEST = {JPEG: 65_500, WEBP: 16_383}  # pixels a side; libjpeg's and libwebp's


class Still:
    """A picture file as it is asked for.

    Attributes
    ----------
    format : {"png", "jpeg", "webp"}
    quality : int or None
        1 to 100; None: nothing is lost.
    background : (int, int, int) or None
        What transparent pixels lie on: red, green and blue; None: they stay transparent.
    """

    __slots__ = ("background", "format", "quality")

    def __init__(
        self, format: str, quality: int | None, background: tuple[int, int, int] | None
    ) -> None:
        self.format = format
        self.quality = quality
        self.background = background

    def check_size(self, width: int, height: int) -> None:
        """Raise InvalidArgumentError for a picture larger than the format can hold."""
        most = _LONGEST.get(self.format)
        if most is not None and max(width, height) > most:
            raise InvalidArgumentError(
                f"{self.format} holds {most} pixels a side at most, the picture is "
                f"{width}x{height}: use 'png', or a smaller one"
            )


def parse_still(format: object, quality: object, lossless: object, background: object) -> Still:
    """Return what is asked for, or raise InvalidArgumentError."""
    known = _FORMATS.get(format.lower()) if isinstance(format, str) else None
    if known is None:
        raise InvalidArgumentError(
            f"the format of a picture file must be 'png', 'jpeg' or 'webp', got {show(format)}"
        )
    keeps_all = to_flag(lossless, "lossless")
    if keeps_all and known == JPEG:
        raise InvalidArgumentError("jpeg cannot be lossless: use 'png' or 'webp'")
    number = None if keeps_all or known == PNG else _USUAL[known]
    if quality is not None:
        if number is None:
            why = "leave lossless=True out" if known == WEBP else "leave it out"
            raise InvalidArgumentError(
                f"quality is {show(quality)}, but nothing is lost in this {known}: {why}"
            )
        number = to_integer(quality, "quality")
        if not 1 <= number <= 100:
            raise InvalidArgumentError(
                f"quality is {show(number)}, it must be from 1 (smallest) to 100 (best)"
            )
    color = None if background is None else parse_background(background)
    return Still(known, number, WHITE if known == JPEG and color is None else color)


def format_of(format: object, name: str | None, shown: str) -> object:
    """Return the format that is asked for, else that of a file's suffix.

    Raises
    ------
    InvalidArgumentError
        Nothing is asked for, and the suffix says nothing.
    """
    if format is not None:
        return format
    suffix = "" if name is None else os.path.splitext(name)[1]
    known = _SUFFIXES.get(suffix.lower())
    if known is None:
        what = (
            f"the suffix must be .png, .jpg, .jpeg or .webp, got {suffix!r} in {shown}"
            if name is not None
            else f"{shown} has no name that says which format to write"
        )
        raise InvalidArgumentError(f"{what}; format='png', 'jpeg' or 'webp' says it")
    return known


def jpeg_scale(quality: int) -> int:
    """Return FFmpeg's scale of JPEG's quantizers, 1 to 31, for a quality of 1 to 100: that of the
    files that are about as large as libjpeg's.
    """
    percent = 5000 / quality if quality < 50 else 200 - 2 * quality  # of libjpeg's tables
    low, scale = _SCALES[0]
    for high, most in _SCALES[1:]:
        if percent <= high:
            return round(scale + (percent - low) / (high - low) * (most - scale))
        low, scale = high, most
    return scale


def keeps_chroma(quality: int) -> bool:
    """Return whether a JPEG of this quality has chroma in full size: the finest quantizers are not
    fine enough.
    """
    return quality >= 97
