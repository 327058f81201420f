"""Pictures and clips that say themselves how they are to be turned, and what other programs make
of them.
"""

from __future__ import annotations

import io
import struct
from pathlib import Path

import numpy as np
import numpy.typing as npt
from clips import run_ffmpeg
from convert_helpers import made

SIZE = (64, 48)
# EXIF's number: clockwise degrees, and whether the picture is mirrored then (TIFF 6.0, page 36).
EXIF = {
    1: (0, False),
    2: (0, True),
    3: (180, False),
    4: (180, True),
    5: (90, True),
    6: (90, False),
    7: (270, True),
    8: (270, False),
}


def plain_jpeg() -> bytes:
    """Return a JPEG of 4:2:0, which says nothing."""
    source = ("-f", "lavfi", "-i", f"testsrc2=s={SIZE[0]}x{SIZE[1]}", "-frames:v", "1")
    return made("plain.jpg", *source, "-pix_fmt", "yuvj420p", "-q:v", "2").read_bytes()


def jpeg(number: int) -> bytes:
    """Return the picture with an EXIF segment of one tag, the orientation."""
    plain = plain_jpeg()
    exif = b"Exif\0\0MM\0*" + struct.pack(">IHHHIHHI", 8, 1, 0x112, 3, 1, number, 0, 0)
    return plain[:2] + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + plain[2:]


def upright_by_pillow(data: bytes) -> npt.NDArray[np.uint8]:
    """Return a picture's luma as Pillow turns it."""
    from PIL import Image, ImageOps

    with Image.open(io.BytesIO(data)) as picture:
        return np.asarray(ImageOps.exif_transpose(picture).convert("L"))


def _bits(text: str) -> bytes:
    """Return bits, with a one and zeros behind them to the end of the byte."""
    text = text.replace(" ", "") + "1"
    text += "0" * (-len(text) % 8)
    return int(text, 2).to_bytes(len(text) // 8, "big")


# 90 degrees anticlockwise, until something else is said (ITU-T H.264 D.1.27, H.265 D.2.17).
_QUARTER = f"0 00 {1 << 14:016b}"
_SEI = {"h264": (b"\x06", "010 0"), "hevc": (b"\x4e\x01", "1")}
_KEYS = {"h264": (5,), "hevc": (16, 17, 18, 19, 20, 21)}


def sei_clip(codec: str = "h264", suffix: str = "mp4") -> Path:
    """Return a clip whose key frames alone say 90 degrees anticlockwise, which lasts: 12 frames,
    64x48, every fourth one a key frame.
    """
    encoder = {"h264": ("libx264", "-bf", "0"), "hevc": ("libx265", "-x265-params")}[codec]
    more = () if codec == "h264" else ("log-level=error:pools=1:bframes=0",)
    plain = made(
        *(f"of-four.{codec}", "-f", "lavfi", "-i", f"testsrc2=s={SIZE[0]}x{SIZE[1]}:r=10"),
        *("-frames:v", "12", "-c:v", *encoder, *more, "-g", "4", "-preset", "ultrafast"),
    )
    header, end = _SEI[codec]
    payload = _bits(_QUARTER + end)
    sei = b"\0\0\1" + header + bytes((47, len(payload))) + payload + b"\x80"
    data = b""
    for unit in plain.read_bytes().split(b"\0\0\1")[1:]:
        kind = unit[0] & 31 if codec == "h264" else unit[0] >> 1 & 63
        data += (sei if kind in _KEYS[codec] else b"") + b"\0\0\1" + unit
    path = plain.with_name(f"{plain.stem}-said.{codec}")
    if not path.exists():
        path.write_bytes(data)
    if suffix == codec:
        return path
    return made(f"of-four-said-{codec}.{suffix}", "-r", "10", "-i", str(path), "-c", "copy")


def turned_by_ffmpeg(path: Path, pix_fmt: str = "rgb24", *before: str) -> bytes:
    """Return the first picture of a file as the ffmpeg program shows it."""
    shown = ("-frames:v", "1", "-f", "rawvideo", "-pix_fmt", pix_fmt, "-")
    return run_ffmpeg(*before, "-i", path, *shown)
