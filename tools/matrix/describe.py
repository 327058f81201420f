"""Print the FFmpeg that ffwebcodecs loads here, and on a second line what it lacks.

Run by the Python of a cell, in the cell's tree. What is lacking is asked of the libraries:
functions that headers/ declares for any release, and the codecs of WebCodecs.
"""

from __future__ import annotations

import re
from pathlib import Path

import ffwebcodecs
from ffwebcodecs import NotSupportedError, _ffi

LIBRARIES = ("avutil", "avcodec", "swscale", "avformat")
FUNCTION = re.compile(r"^[\w *]*?\b(\w+)\((?!\*).*\);", re.MULTILINE)
CODECS = {
    "H.264": "avc1.42001f",
    "HEVC": "hvc1.1.6.L93.B0",
    "VP8": "vp8",
    "VP9": "vp09.00.10.08",
    "AV1": "av01.0.04M.08",
}


def _has(library: str, name: str) -> bool:
    try:
        getattr(getattr(_ffi, library), name)
    except NotSupportedError:
        return False
    return True


def functions() -> list[str]:
    """Return the declared functions that these libraries do not have."""
    lacking = []
    for library in LIBRARIES:
        text = Path("headers", f"{library}.h").read_text(encoding="utf-8")
        text = re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)
        names = dict.fromkeys(FUNCTION.findall(re.sub(r"\{.*?\}", "", text, flags=re.DOTALL)))
        lacking += [name for name in names if not _has(library, name)]
    return lacking


def codecs() -> list[str]:
    """Return the codecs of WebCodecs that cannot be decoded or encoded in software."""
    lacking = []
    for title, codec in CODECS.items():
        software = {"codec": codec, "hardware_acceleration": "prefer-software"}
        size = {"width": 320, "height": 240}
        if not ffwebcodecs.VideoDecoder.is_config_supported(software).supported:
            lacking.append(f"a decoder for {title}")
        if not ffwebcodecs.VideoEncoder.is_config_supported({**software, **size}).supported:
            lacking.append(f"an encoder for {title}")
    return lacking


if __name__ == "__main__":
    print(ffwebcodecs.ffmpeg_info().version)
    print(", ".join([*codecs(), *functions()]))
