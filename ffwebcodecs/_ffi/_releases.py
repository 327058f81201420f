"""The FFmpeg releases we have layouts of, newest first: written by `make layouts`.

Series, then the major versions of libavutil, libavcodec, libswscale and libavformat.
"""

from __future__ import annotations

RELEASES = (
    ("9.x", 61, 63, 10, 63),
    ("8.x", 60, 62, 9, 62),
    ("7.x", 59, 61, 8, 61),
    ("6.x", 58, 60, 7, 60),
    ("5.x", 57, 59, 6, 59),
    ("4.x", 56, 58, 5, 58),
)
