"""A container may turn a film by any angle: ffprobe reads it from a copy as from the original, and
where it becomes a right one the result says so.
"""

from __future__ import annotations

import math
import struct
from pathlib import Path

import pytest
from convert_helpers import FAST, made
from mux_helpers import probe

from ffwebcodecs import NotSupportedError, remux, transcode

ANGLE = 30


def leaning(path: Path) -> Path:
    """Write a clip whose track header turns it by the angle (ISO/IEC 14496-12, 8.3.2)."""
    plain = made(
        *("three.mp4", "-f", "lavfi", "-i", "testsrc2=s=64x48:r=25", "-frames:v", "3"),
        *("-c:v", "libx264", "-pix_fmt", "yuv420p", "-preset", "ultrafast"),
    )
    data = bytearray(plain.read_bytes())
    c, s = (round(f(math.radians(ANGLE)) * 65536) for f in (math.cos, math.sin))
    matrix = data.index(b"tkhd") + 44  # of version 0
    struct.pack_into(">9i", data, matrix, c, s, 0, -s, c, 0, 0, 0, 1 << 30)
    path.write_bytes(data)
    return path


def test_it_is_kept_by_a_copy_and_told_elsewhere(tmp_path: Path) -> None:
    source = leaning(tmp_path / "in.mp4")
    for suffix in ("mp4", "mov"):
        assert remux(source, tmp_path / f"a.{suffix}").lost == []
        (stream,) = probe(tmp_path / f"a.{suffix}", "-show_streams")["streams"]
        assert [each["rotation"] for each in stream["side_data_list"]] == [1 - ANGLE]
    for convert, suffix in ((remux, "ts"), (transcode, "mp4"), (transcode, "avi")):
        options = {} if convert is remux or suffix == "avi" else {"encoder_options": FAST}
        with pytest.warns(UserWarning, match="turned by 30 degrees"):
            result = convert(source, tmp_path / f"b.{suffix}", **options)  # type: ignore[operator]
        assert [loss.partition(":")[0] for loss in result.lost] == ["the rotation of 30 degrees"]
    with pytest.raises(NotSupportedError, match="30 degrees"):
        transcode(source, tmp_path / "c.mp4", require_all=True)
    assert not (tmp_path / "c.mp4").exists()
