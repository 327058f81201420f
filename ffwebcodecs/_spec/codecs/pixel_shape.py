"""Which shapes of pixels a bitstream can say."""

from __future__ import annotations

from fractions import Fraction

# Which bitstreams say any.
_CODED_SHAPE = {"h264", "hevc", "mpeg4", "theora", "mjpeg", "png", "apng", "ffv1"}
# The height of a pixel in its widths, of which MPEG-1 can say these (ISO/IEC 11172-2, 2.4.3.2).
_MPEG_1 = (
    *("1.0000", "0.6735", "0.7031", "0.7615", "0.8055", "0.8437", "0.8935", "0.9157"),
    *("0.9815", "1.0255", "1.0695", "1.0950", "1.1575", "1.2015"),
)
# The shape of the whole picture, of which MPEG-2 can say these (ISO/IEC 13818-2, table 6-3).
_MPEG_2 = ("4/3", "16/9", "221/100")


def coded_pixel_shape(codec: str, shape: Fraction, width: int, height: int) -> Fraction:
    """Return what a bitstream by FFmpeg's encoder of `codec` says of pixels of `shape`, the width
    in heights; 1 if it says nothing.
    """
    if codec in _CODED_SHAPE:
        return shape
    said = [Fraction(1)]
    if codec == "mpeg1video":
        said = [1 / Fraction(text) for text in _MPEG_1]
    elif codec == "mpeg2video":
        said += [Fraction(text) * height / width for text in _MPEG_2]
    return min(said, key=lambda one: abs(one - shape))
