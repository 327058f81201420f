"""The shape of pixels is kept, or the result says that it is not; ffprobe is the judge."""

from __future__ import annotations

import warnings
from pathlib import Path

import pytest
from convert_helpers import FAST, made
from mux_helpers import need_container, probe

from ffwebcodecs import NotSupportedError, TranscodeResult, remux, transcode


def clip(sar: str) -> Path:
    return made(
        *(f"pixels{sar.replace('/', '-')}.mp4", "-f", "lavfi", "-i"),
        *(f"testsrc2=s=96x64:r=10,setsar={sar}", "-frames:v", "2"),
        *("-c:v", "libx264", "-pix_fmt", "yuv420p", "-preset", "ultrafast"),
    )


def stated(path: Path) -> str:
    (stream,) = probe(path, "-show_streams", "-select_streams", "v:0")["streams"]
    shape: str = stream.get("sample_aspect_ratio", "1:1")
    return shape


def quietly(result: TranscodeResult) -> list[str]:
    return [loss for loss in result.lost if "pixels" in loss]


@pytest.mark.parametrize(
    ("sar", "suffix", "options"),
    [
        ("4/3", "avi", {}),
        ("4/3", "flv", {"codec": "h264"}),
        ("4/3", "gif", {}),
        ("4/3", "ivf", {}),
        ("4/3", "obu", {}),
        ("4/3", "mpg", {}),  # the picture is 2:1
        ("8/9", "mpg", {}),  # 4:3, as on a DVD
        ("32/27", "m2v", {}),  # 16:9
        ("12/11", "m1v", {}),
        ("2/1", "m1v", {}),
    ],
)
def test_it_is_kept_or_told(sar: str, suffix: str, options: dict[str, str], tmp_path: Path) -> None:
    out = tmp_path / f"a.{suffix}"
    need_container(out.suffix)
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        result = transcode(
            clip(sar), out, encoder_options=FAST if "codec" in options else None, **options
        )  # type: ignore[arg-type]
    wide, high = map(int, stated(out).split(":"))
    num, den = map(int, sar.split("/"))
    is_kept = abs(wide * den / (high * num) - 1) < 0.02
    assert is_kept != bool(quietly(result))
    assert is_kept != any("shape of the pixels" in str(each.message) for each in said)
    if not is_kept:
        with pytest.raises(NotSupportedError, match="the shape of the pixels"):
            transcode(clip(sar), tmp_path / f"b.{suffix}", require_all=True)


def test_what_only_the_container_said_is_told_of_a_copy(tmp_path: Path) -> None:
    source = made("pixels-of-file.mp4", "-i", str(clip("1/1")), "-c", "copy", "-aspect", "2:1")
    with pytest.warns(UserWarning, match="too narrow"):
        result = remux(source, tmp_path / "a.ts")
    assert (stated(tmp_path / "a.ts"), len(quietly(result))) == ("1:1", 1)
    for path in (source, clip("4/3")):  # the bitstream of the second says it
        out = tmp_path / f"a.{'mkv' if path == source else 'ts'}"
        assert (quietly(remux(path, out)), stated(out)) == ([], "4:3")
