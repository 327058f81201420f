"""What comes from MPEG-TS, whose sound has no header of its own, goes into fragments."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from clips import run_ffmpeg
from convert_helpers import film

from ffwebcodecs import SegmentInfo, remux


def heard(path: Path) -> list[bytes]:
    """Return the digests of the packets of sound, and how many samples are decoded."""
    copied = run_ffmpeg("-i", path, "-map", "0:a", "-c", "copy", "-f", "framemd5", "-")
    lines = [line for line in copied.splitlines() if not line.startswith(b"#")]
    decoded = run_ffmpeg("-i", path, "-map", "0:a", "-f", "s16le", "-")
    assert len(decoded) > 100_000
    return [line.rpartition(b",")[2] for line in lines]


@pytest.mark.parametrize("format", ["mp4", "mkv", "flv"])
def test_sound_of_adts_is_heard(format: str, tmp_path: Path) -> None:
    source = tmp_path / "a.ts"
    run_ffmpeg("-y", "-i", film(), "-c", "copy", source)
    whole, sink = tmp_path / f"whole.{format}", io.BytesIO()
    remux(source, whole)
    remux(source, sink, format=format, fragmented=True)
    path = tmp_path / f"live.{format}"
    path.write_bytes(sink.getvalue())
    assert heard(path) == heard(whole)


@pytest.mark.parametrize("delimiter", [(), ("-x264-params", "aud=1")])
def test_segments_of_open_groups_decode_alone(delimiter: tuple[str, ...], tmp_path: Path) -> None:
    source = tmp_path / "a.mp4"
    options = ("-c:v", "libx264", "-g", "10", "-bf", "2", "-flags", "-cgop", *delimiter)
    size = "testsrc2=size=64x48:rate=25:duration=2"
    run_ffmpeg("-y", "-f", "lavfi", "-i", size, *options, source)
    segments: list[bytes] = []

    def keep(data: bytes, info: SegmentInfo) -> None:
        if info.kind == "media":
            assert info.key
            segments.append(data)

    remux(source, None, format="ts", fragmented=True, on_segment=keep)
    assert len(segments) == 5
    for number, data in enumerate(segments):
        path = tmp_path / f"{number}.ts"
        path.write_bytes(data)
        decoded = run_ffmpeg("-i", path, "-f", "framemd5", "-")
        pictures = [line for line in decoded.splitlines() if not line.startswith(b"#")]
        assert len(pictures) >= 8  # the two that lead in need the group before
