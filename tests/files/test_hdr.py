"""HDR: what a conversion says and keeps of it; judged by ffprobe and the ffmpeg program's copy."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import pytest
from cli_helpers import run
from convert_helpers import made
from encode_helpers import need

from ffwebcodecs import read_frames, transcode, write_frames

PICTURES = ("-f", "lavfi", "-i", "testsrc2=size=64x64:rate=25")
BT2020 = ("-color_primaries", "bt2020", "-colorspace", "bt2020nc", "-color_trc")


def hdr(transfer: str = "smpte2084") -> Path:
    return made(
        *(f"hdr-{transfer}.mp4", *PICTURES, "-frames:v", "5", "-c:v", "libx265"),
        *("-x265-params", "log-level=none", "-pix_fmt", "yuv420p10le", *BT2020, transfer),
    )


def warnings_of(call: Any, *arguments: Any, **options: Any) -> list[str]:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        call(*arguments, **options)
    return [str(each.message) for each in caught if each.category is UserWarning]


@pytest.mark.divided
@pytest.mark.parametrize("transfer", ["smpte2084", "arib-std-b67"])
@pytest.mark.parametrize("name", ["a.mp4", "a.avi"])
def test_too_few_bits_for_hdr_are_said(transfer: str, name: str, tmp_path: Path) -> None:
    [text] = warnings_of(transcode, hdr(transfer), tmp_path / name)
    assert "codec='hevc'" in text
    assert "tone mapping" in text
    assert "PQ" in text or "HLG" in text


def test_frames_that_are_written_say_it_too(tmp_path: Path) -> None:
    [text] = warnings_of(write_frames, read_frames(hdr()), tmp_path / "a.webm", codec="vp8")
    assert "codec='vp9'" in text


@pytest.mark.divided
@pytest.mark.parametrize("name", ["a.mp4", "a.webm"])
def test_enough_bits_are_no_warning(name: str, tmp_path: Path) -> None:
    need("libx265")
    codec = "hevc" if name == "a.mp4" else "vp9"
    assert warnings_of(transcode, hdr(), tmp_path / name, codec=codec) == []


@pytest.mark.once
def test_the_command_line_names_its_own_option(tmp_path: Path) -> None:
    done = run("transcode", hdr(), tmp_path / "a.mp4")
    assert done.returncode == 0
    assert b"--codec hevc" in done.stderr
