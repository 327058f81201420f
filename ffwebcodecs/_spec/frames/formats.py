"""The pixel formats: the specification's 23, and as extensions RGB, BGR, GRAY8 and, of 16 bits,
RGB48, RGBA64, GRAY16.

A plane holds elements: one per `sub_x` by `sub_y` pixels, `element_bytes` long. A chroma plane of
an odd-sized image is rounded up, as browsers do.
"""

from __future__ import annotations

from ...errors import InvalidArgumentError
from ..numbers import show
from ..types import VideoPixelFormat


class PlaneSpec:
    """Shape of one plane, relative to the image."""

    __slots__ = ("element_bytes", "sub_x", "sub_y")

    def __init__(self, sub_x: int, sub_y: int, element_bytes: int) -> None:
        self.sub_x: int = sub_x
        self.sub_y: int = sub_y
        self.element_bytes: int = element_bytes

    def row_bytes(self, width: int) -> int:
        """Return the bytes of one row without padding, for an image `width` pixels wide."""
        return -(-width // self.sub_x) * self.element_bytes

    def rows(self, height: int) -> int:
        """Return the number of rows, for an image `height` pixels high."""
        return -(-height // self.sub_y)

    def __repr__(self) -> str:
        return f"PlaneSpec({self.sub_x}, {self.sub_y}, {self.element_bytes})"


class PixelFormat:
    """One VideoPixelFormat; compare with ``is``, there is one object per format."""

    __slots__ = (
        "align_x",
        "align_y",
        "depth",
        "extension",
        "ffmpeg",
        "has_alpha",
        "is_rgb",
        "name",
        "opaque",
        "planes",
        "sample_bytes",
    )

    def __init__(
        self,
        name: str,
        planes: tuple[PlaneSpec, ...],
        *,
        ffmpeg: str | None,
        opaque: str | None = None,
        depth: int = 8,
        has_alpha: bool = False,
        is_rgb: bool = False,
        extension: bool = False,
    ) -> None:
        self.name: VideoPixelFormat = name  # type: ignore[assignment]
        self.planes: tuple[PlaneSpec, ...] = planes
        self.ffmpeg: str | None = ffmpeg
        self.opaque: str = opaque or name
        self.depth: int = depth
        self.sample_bytes = 2 if depth > 8 else 1  # little-endian, the value in the low bits
        self.has_alpha: bool = has_alpha
        self.is_rgb: bool = is_rgb
        self.extension: bool = extension
        self.align_x: int = max(plane.sub_x for plane in planes)
        self.align_y: int = max(plane.sub_y for plane in planes)

    @property
    def is_gray(self) -> bool:
        """Whether it is luma alone."""
        return self.name.startswith("GRAY")

    @property
    def channels(self) -> int:
        """Samples of an element of the first plane: of a pixel, if there is one plane."""
        return self.planes[0].element_bytes // self.sample_bytes

    @property
    def dtype(self) -> str:
        """The type of a sample, as numpy has it."""
        return "<u2" if self.sample_bytes == 2 else "|u1"

    def __repr__(self) -> str:
        return f"PixelFormat({self.name!r})"

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return get_format, (self.name,)


def _make() -> dict[str, PixelFormat]:
    formats: list[PixelFormat] = []
    for chroma, sub_x, sub_y in (("420", 2, 2), ("422", 2, 1), ("444", 1, 1)):
        for alpha in ("", "A"):
            for depth in (8, 10, 12):
                size = 1 if depth == 8 else 2
                full, small = PlaneSpec(1, 1, size), PlaneSpec(sub_x, sub_y, size)
                suffix = "" if depth == 8 else f"P{depth}"
                # FFmpeg 5.1 has no yuva420p12le; the planes are still planes (spec decision 10).
                known = not (chroma == "420" and alpha and depth == 12)
                little_endian = "" if depth == 8 else f"{depth}le"
                formats.append(
                    PixelFormat(
                        f"I{chroma}{alpha}{suffix}",
                        (full, small, small, full) if alpha else (full, small, small),
                        ffmpeg=f"yuv{alpha.lower()}{chroma}p{little_endian}" if known else None,
                        opaque=f"I{chroma}{suffix}",
                        depth=depth,
                        has_alpha=bool(alpha),
                    )
                )
    formats.append(PixelFormat("NV12", (PlaneSpec(1, 1, 1), PlaneSpec(2, 2, 2)), ffmpeg="nv12"))
    four, three = (PlaneSpec(1, 1, 4),), (PlaneSpec(1, 1, 3),)
    formats += [
        PixelFormat("RGBA", four, ffmpeg="rgba", opaque="RGBX", has_alpha=True, is_rgb=True),
        PixelFormat("RGBX", four, ffmpeg="rgb0", is_rgb=True),
        PixelFormat("BGRA", four, ffmpeg="bgra", opaque="BGRX", has_alpha=True, is_rgb=True),
        PixelFormat("BGRX", four, ffmpeg="bgr0", is_rgb=True),
        PixelFormat("RGB", three, ffmpeg="rgb24", is_rgb=True, extension=True),
        PixelFormat("BGR", three, ffmpeg="bgr24", is_rgb=True, extension=True),
        PixelFormat("GRAY8", (PlaneSpec(1, 1, 1),), ffmpeg="gray", extension=True),
        PixelFormat("GRAY16", (PlaneSpec(1, 1, 2),), ffmpeg="gray16le", depth=16, extension=True),
        PixelFormat(
            "RGB48",
            (PlaneSpec(1, 1, 6),),
            ffmpeg="rgb48le",
            depth=16,
            is_rgb=True,
            extension=True,
        ),
        # It has no opaque twin: FFmpeg knows no 64 bits that hold three samples.
        PixelFormat(
            "RGBA64",
            (PlaneSpec(1, 1, 8),),
            ffmpeg="rgba64le",
            depth=16,
            has_alpha=True,
            is_rgb=True,
            extension=True,
        ),
    ]
    return {entry.name: entry for entry in formats}


FORMATS: dict[str, PixelFormat] = _make()

BY_FFMPEG: dict[str, PixelFormat] = {
    entry.ffmpeg: entry for entry in FORMATS.values() if entry.ffmpeg is not None
}
# The deprecated full-range twins: same planes, the range is a matter of the color space.
for _chroma in ("420", "422", "444"):
    BY_FFMPEG[f"yuvj{_chroma}p"] = FORMATS[f"I{_chroma}"]
del _chroma


def get_format(name: object) -> PixelFormat:
    """Return the format called `name`, or raise InvalidArgumentError naming it."""
    try:
        return FORMATS[name]  # type: ignore[index]
    except Exception:  # KeyError, unhashable, or a foreign __hash__ or __eq__ that raises
        pass
    if not isinstance(name, str):
        raise InvalidArgumentError(f"format must be a string such as 'I420', got {show(name)}")
    raise InvalidArgumentError(f"unknown pixel format {show(name)}{_near_miss(name)}")


def _near_miss(name: str) -> str:
    upper = name.strip().upper()
    known = FORMATS.get(upper) or BY_FFMPEG.get(name.strip().lower())
    if known is not None:
        return f"; did you mean {known.name!r}?"
    from difflib import get_close_matches  # only here: it costs an import of re

    close = get_close_matches(upper[:16], FORMATS, n=1)
    return f"; did you mean {close[0]!r}?" if close else f"; known are {', '.join(FORMATS)}"
