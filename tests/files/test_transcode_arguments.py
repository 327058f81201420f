"""transcode: inputs, outputs, wrong arguments, and progress."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from clips import FRAMES, clip
from convert_helpers import (
    likeness,
    times,
)
from encode_helpers import need
from mux_helpers import video_stream
from transcode_helpers import SOURCE, fast, names

from ffwebcodecs import (
    EncodingError,
    InvalidArgumentError,
    NotSupportedError,
    TranscodeProgress,
    WebCodecsError,
    transcode,
)
from ffwebcodecs._spec.encoders.strings import BY_SUFFIX

pytestmark = pytest.mark.divided(file=True)

# ---- inputs and outputs

FURTHER = {
    ".mp4": "h264",
    ".mov": "h264",
    ".mkv": "h264",
    ".ts": "h264",
    ".m2ts": "h264",
    ".flv": "h264",
    ".3gp": "h264",
    ".h264": "h264",
    ".264": "h264",
}
CODED_AS = {"ffmpeg:libwebp_anim": "webp", "ffmpeg:libtheora": "theora"}


@pytest.mark.slow
@pytest.mark.parametrize("suffix", [*BY_SUFFIX, *FURTHER])
def test_suffix_decides_the_codec(suffix: str, tmp_path: Path) -> None:
    codec = FURTHER.get(suffix) or BY_SUFFIX[suffix]
    out = tmp_path / f"a{suffix}"
    try:
        transcode(clip(SOURCE), out, stop=200_000)
    except NotSupportedError as error:
        pytest.skip(str(error))
    found = video_stream(out)["codec_name"] if suffix != ".webp" else webp_frames(out)
    assert found == CODED_AS.get(codec, codec.removeprefix("ffmpeg:"))


def webp_frames(path: Path) -> str:
    # FFmpeg 5.1 writes animated WebP and cannot read it.
    data = path.read_bytes()
    assert (data[:4], data[8:12], data.count(b"ANMF")) == (b"RIFF", b"WEBP", 6)
    return "webp"


def test_bytes_in_and_file_object_out() -> None:
    out = io.BytesIO()
    fast(out, clip(SOURCE).read_bytes(), format="mp4")
    again = io.BytesIO()
    with open(clip(SOURCE), "rb") as file:
        fast(again, file, format="mp4", start=500_000)
    assert b"ftyp" in out.getvalue()[:16]
    assert 0 < len(again.getvalue()) < len(out.getvalue())


def test_file_object_holds_what_the_file_would(tmp_path: Path) -> None:
    out = io.BytesIO()
    fast(out, format="mkv")
    (tmp_path / "a.mkv").write_bytes(out.getvalue())
    assert likeness(tmp_path / "a.mkv", clip(SOURCE)) > 33


@pytest.mark.parametrize("link", [False, True])
def test_input_as_output_is_refused(link: bool, tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(data := clip(SOURCE).read_bytes())
    other = tmp_path / "b.mp4"
    if link:
        other.symlink_to(path)
    with pytest.raises(InvalidArgumentError, match="the same file"):
        fast(other if link else path, path)
    assert path.read_bytes() == data


def test_missing_input_is_an_os_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"none\.mp4"):
        fast(tmp_path / "a.mp4", tmp_path / "none.mp4")
    assert names(tmp_path) == []


def test_output_in_a_missing_folder_is_an_os_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        fast(tmp_path / "no" / "a.mp4")


def test_damaged_input_is_an_error_without_output(tmp_path: Path) -> None:
    data = bytearray(clip(SOURCE).read_bytes())
    middle = data.index(b"mdat") + 4 + (len(data) - data.index(b"mdat")) // 2
    data[middle : middle + 4000] = b"\xff" * 4000
    with pytest.raises(EncodingError):
        fast(tmp_path / "a.mp4", bytes(data))
    assert names(tmp_path) == []


def test_input_without_video_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "text.mp4").write_bytes(b"no video at all" * 100)
    with pytest.raises(WebCodecsError):
        fast(tmp_path / "a.mp4", tmp_path / "text.mp4")
    assert names(tmp_path) == ["text.mp4"]


# ---- arguments


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"codec": "h26x"}, "h26x"),
        ({"codec": "ffmpeg:nothing"}, "nothing"),
        ({"codec": "avc1.zzzzzz"}, "avc1.zzzzzz"),
        ({"codec": " "}, "codec must be"),
        ({"codec": 264}, "264"),
        ({"encoder_options": {"colour": "red"}}, "colour"),
        ({"encoder_options": {"preset": "slowest"}}, "slowest"),
        ({"bitrate": 0}, "bitrate is 0"),
        ({"bitrate": 1000, "quantizer": 3}, "bitrate or quantizer"),
        ({"quantizer": 900}, "quantizer is 900, it must be from 0 to 51"),
        ({"quantizer": -1}, "quantizer is -1"),
        ({"codec": "vp9", "format": "mkv", "quantizer": 99, "encoder_options": None}, "99"),
        ({"width": 0}, "width"),
        ({"width": -1}, "width"),
        ({"framerate": 0}, "framerate is 0"),
        ({"framerate": float("nan")}, "framerate"),
        ({"start": 5, "stop": 5}, "stop is 5"),
        ({"threads": 0}, "threads is 0"),
        ({"map_frame": 3}, "map_frame must be callable"),
        ({"hardware_acceleration": "gpu"}, "gpu"),
        ({"latency_mode": "slow"}, "slow"),
        ({"alpha": "some"}, "some"),
        ({"format": "mpfour"}, "mpfour"),
        ({"audio": "no"}, "audio"),
        ({"metadata": {3: "title"}}, "metadata"),
    ],
)
def test_what_is_wrong_is_named(options: dict[str, Any], message: str, tmp_path: Path) -> None:
    with pytest.raises(WebCodecsError, match=message):
        fast(tmp_path / "a.mp4", **options)
    assert names(tmp_path) == []


def test_container_that_cannot_hold_the_codec_says_which_can(tmp_path: Path) -> None:
    need("libvpx")
    with pytest.raises(NotSupportedError, match=r"mp4 cannot hold vp8.*webm"):
        transcode(clip(SOURCE), tmp_path / "a.mp4", codec="vp8")
    assert names(tmp_path) == []


# ---- progress


def test_progress_counts_up_to_the_whole(tmp_path: Path) -> None:
    seen: list[TranscodeProgress] = []
    result = fast(tmp_path / "a.mp4", on_progress=seen.append)
    assert [step.frames for step in seen] == list(range(1, FRAMES + 1))
    assert [step.timestamp for step in seen] == times(clip(SOURCE))
    assert {step.duration for step in seen} == {1_500_000}
    assert result.seconds > 0
    assert result.encoder == "libx264"
    assert result.codec is not None and result.codec.startswith("avc1.64")


def test_on_progress_that_raises_leaves_nothing(tmp_path: Path) -> None:
    def stop(_: TranscodeProgress) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fast(tmp_path / "a.mp4", on_progress=stop)
    assert names(tmp_path) == []
