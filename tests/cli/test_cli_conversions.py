"""The command line's transcode, remux and images: files, messages and exit status."""

from __future__ import annotations

from pathlib import Path

import pytest
from cli_helpers import NAME, call, names
from clips import FRAMES, clip, run_ffmpeg
from convert_helpers import digests, likeness, long_clip, movie, pictures, streams, times
from encode_helpers import need, psnr
from mux_helpers import packets, video_stream

from ffwebcodecs.cli import main
from ffwebcodecs.cli._jobs import plan
from ffwebcodecs.cli._output import UsageError
from ffwebcodecs.cli._values import parse_bitrate, parse_option, parse_rate
from ffwebcodecs.cli.images import find_pictures, natural

pytestmark = pytest.mark.once

FAST = ("--preset", "ultrafast")


@pytest.fixture
def shots(tmp_path: Path) -> Path:
    """Twelve pictures of the test clip, numbered without leading zeros."""
    folder = tmp_path / "shots"
    folder.mkdir()
    run_ffmpeg("-i", clip(NAME), "-frames:v", "12", "-start_number", "1", folder / "frame%d.png")
    return folder


# ---- transcode


def test_transcode_is_one_command(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "new" / "folder" / "out.mp4"
    assert call("transcode", clip("h264-with-audio.mp4"), out, *FAST) == 0
    said = capfd.readouterr()
    assert said.err == ""
    assert said.out.startswith(f"{out}: {FRAMES} frames, avc1.64")
    assert streams(out) == ["video h264", "audio aac"]
    assert likeness(out, clip("h264-with-audio.mp4")) > 30


def test_options_reach_the_encoder(tmp_path: Path) -> None:
    out = tmp_path / "a.mkv"
    arguments = ("--size", "80x-1", "--fps", "15", "--start", "0.5", "--stop", "00:01.0")
    assert call("transcode", clip(NAME), out, *FAST, *arguments, "--option", "g=4", "-q") == 0
    stream = video_stream(out)
    assert (stream["width"], stream["height"]) == (80, 60)
    assert len(times(out)) == 8  # 0.5 s at 15, the last one half full
    assert [p.key for p in packets(out)] == [n % 4 == 0 for n in range(8)]


def test_codec_format_and_quality(tmp_path: Path) -> None:
    need("libvpx-vp9")
    sizes = []
    for quantizer in ("10", "55"):
        out = tmp_path / f"{quantizer}.bin"
        arguments = ("--codec", "vp9", "--format", "webm", "--quantizer", quantizer)
        assert call("transcode", clip(NAME), out, *arguments, "--option", "cpu-used=8") == 0
        assert video_stream(out)["codec_name"] == "vp9"
        sizes.append(out.stat().st_size)
    assert sizes[0] > 2 * sizes[1]


def test_bitrate(tmp_path: Path) -> None:
    for rate in ("60k", "0.6M"):
        assert (
            call("transcode", long_clip(), tmp_path / f"{rate}.mp4", *FAST, "--bitrate", rate) == 0
        )
    small, large = ((tmp_path / f"{rate}.mp4").stat().st_size for rate in ("60k", "0.6M"))
    assert large == pytest.approx(600_000 * 10 / 8, rel=0.4)
    assert small < large / 3


def test_warnings_are_plain_lines(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    need("libvpx-vp9")
    out = tmp_path / "a.webm"
    assert call("transcode", movie(), out, "--stop", "0.2", "-q", "--audio-codec", "copy") == 0
    lines = capfd.readouterr().err.splitlines()
    assert len(lines) == 1
    assert lines[0].startswith("ffwebcodecs: webm cannot hold the audio aac stream of")
    assert "--no-audio leaves it out without" in lines[0]


def test_no_audio_is_silent(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert call("transcode", movie(), tmp_path / "a.mp4", "--no-audio", "-q", *FAST) == 0
    assert tuple(capfd.readouterr()) == ("", "")
    assert streams(tmp_path / "a.mp4") == ["video h264"]


def test_existing_output_is_refused_without_force(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "a.mp4"
    out.write_bytes(b"mine")
    assert call("transcode", clip(NAME), out, *FAST) == 1
    assert f"{out} exists; --force overwrites it" in capfd.readouterr().err
    assert out.read_bytes() == b"mine"
    assert call("transcode", clip(NAME), out, *FAST, "--force") == 0
    assert len(times(out)) == FRAMES


@pytest.mark.parametrize("jobs", [1, 2])
def test_one_bad_file_fails_alone(
    jobs: int, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    bad = tmp_path / "bad.mp4"
    bad.write_bytes(b"no video at all" * 99)
    inputs = (clip(NAME), bad, tmp_path / "none.mp4", clip("vp9.webm"), clip("hevc-bframes.mp4"))
    pattern = tmp_path / "out" / "{stem}-small.mkv"
    assert call("transcode", *inputs, pattern, *FAST, "--jobs", jobs) == 1
    said = capfd.readouterr()
    good = [f"{path.stem}-small.mkv" for path in (inputs[0], *inputs[3:])]
    assert names(tmp_path / "out") == sorted(good)
    lines = said.out.splitlines()
    assert {line.partition(" ")[0] for line in lines[:-1]} <= {f"[{n}/5]" for n in range(1, 6)}
    assert len(lines) == 4
    assert lines[-1] == "3 done, 2 failed"
    errors = said.err.splitlines()
    assert len(errors) == 2
    assert [str(bad) in error for error in errors].count(True) == 1
    assert f"ffwebcodecs: {tmp_path / 'none.mp4'}: No such file or directory" in errors


def test_jobs_give_what_one_gives(tmp_path: Path) -> None:
    inputs = (clip(NAME), clip("vp9.webm"), clip("h264-cropped.mp4"))
    codec = ("--codec", "ffmpeg:ffv1", "-q")
    assert call("transcode", *inputs, tmp_path / "{stem}.mkv", *codec, "--jobs", 3) == 0
    for path in inputs:
        assert digests(tmp_path / f"{path.stem}.mkv") == digests(path)


def test_a_name_in_several_warnings_with_jobs(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    inputs = (movie(), clip("vp9.webm"))
    arguments = ("--jobs", 2, "--codec", "ffmpeg:mpeg4", "-q")
    assert call("transcode", *inputs, tmp_path / "{stem}.avi", *arguments) == 0
    said = capfd.readouterr().err
    assert "avi cannot hold" in said
    assert str(inputs[0]) in said


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["a.mp4", "b.mp4", "out.mp4"], "2 inputs need {stem}"),
        (["a/x.mp4", "b/x.mp4", "{stem}.mkv"], "would both become x.mkv"),
        (["a.mp4", "."], "OUT is the folder"),
        (["a.mp4", "new/"], "new/{stem}.mp4"),
        (["a.mp4", "b.mp4", "--bitrate", "1M", "--quantizer", "3"], "exclude each other"),
        (["a.mp4", "b.mp4", "--start", "2", "--stop", "1"], "--stop must be after --start"),
        (["a.mp4", "b.mp4", "--bitrate", "fast"], "no bitrate"),
        (["a.mp4", "b.mp4", "--fps", "0"], "no rate"),
        (["a.mp4", "b.mp4", "--option", "crf"], "KEY=VALUE"),
        (["a.mp4", "b.mp4", "--jobs", "0"], "number of 1 or more"),
        (["a.mp4", "b.mp4", "--size", "x"], "no size"),
        (["a.mp4"], "required"),
    ],
)
def test_wrong_usage_ends_with_2(
    arguments: list[str], message: str, capfd: pytest.CaptureFixture[str]
) -> None:
    assert call("transcode", *arguments) == 2
    assert message in capfd.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--codec", "h26x"], "h26x"),
        (["--option", "colour=red"], "colour"),
        (["--preset", "slowest"], "slowest"),
        (["--start", "90"], "no frame in this range"),
        (["--codec", "vp8"], "mp4 cannot hold vp8"),
        (["--format", "mpfour"], "mpfour"),
        (["--quantizer", "77"], "quantizer is 77"),
    ],
)
def test_mistake_is_one_line_and_leaves_nothing(
    arguments: list[str], message: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert call("transcode", clip(NAME), tmp_path / "a.mp4", *arguments) == 1
    lines = capfd.readouterr().err.splitlines()
    # FFmpeg's encoders may have said something before.
    assert message in lines[-1]
    assert lines[-1].startswith(f"ffwebcodecs: {clip(NAME)}: ")
    assert sum(line.startswith("ffwebcodecs: ") for line in lines) == 1
    assert names(tmp_path) == []


def test_output_that_is_another_input_is_refused(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    for name in ("a.mp4", "a2.mp4"):
        (tmp_path / name).write_bytes(clip(NAME).read_bytes())
    inputs = (tmp_path / "a.mp4", tmp_path / "a2.mp4")
    assert call("remux", *inputs, tmp_path / "{stem}2.mp4", "--force") == 1
    assert f"{tmp_path / 'a2.mp4'} is an input as well" in capfd.readouterr().err
    assert (tmp_path / "a2.mp4").read_bytes() == clip(NAME).read_bytes()
    assert names(tmp_path) == ["a.mp4", "a2.mp4", "a22.mp4"]


def test_size_may_begin_with_a_minus(tmp_path: Path) -> None:
    output = tmp_path / "a.mp4"
    assert main(["transcode", str(clip(NAME)), str(output), "--size", "-1x24", "--quiet"]) == 0
    assert video_stream(output)["height"] == 24
    assert main(["transcode", str(clip(NAME)), str(output), "--size", "-1x-1"]) == 2


# ---- remux


def test_remux_copies_every_packet(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    source, out = clip("h264-with-audio.mp4"), tmp_path / "a.mkv"
    assert call("remux", source, out) == 0
    assert capfd.readouterr().out.startswith(f"{out}: {FRAMES} frames, ")
    for stream in ("v:0", "a:0"):
        have, want = packets(out, stream), packets(source, stream)
        assert [p.digest for p in have] == [p.digest for p in want]


def test_remux_that_does_not_fit_says_what_does(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert call("remux", clip(NAME), tmp_path / "a.webm") == 1
    assert "webm cannot hold h264; use .mp4" in capfd.readouterr().err
    assert names(tmp_path) == []


# ---- images


def test_frames_and_images_are_a_round_trip(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    folder, out = tmp_path / "frames", tmp_path / "back.mp4"
    assert call("frames", clip(NAME), "-o", folder) == 0
    assert call("images", folder, out, "--fps", "30", *FAST, "--option", "crf=12") == 0
    assert f"{out}: {FRAMES} frames, avc1.64" in capfd.readouterr().out
    assert times(out) == [round(n * 1e6 / 30) for n in range(FRAMES)]
    shown = [pictures(path)[0] for path in sorted(folder.iterdir())[::15]]
    assert all(psnr(*pair) > 25 for pair in zip(pictures(out)[::15], shown, strict=True))


@pytest.mark.parametrize("how", ["folder", "pattern", "files"])
def test_pictures_come_in_natural_order(how: str, shots: Path, tmp_path: Path) -> None:
    given: list[object] = {
        "folder": [shots],
        "pattern": [shots / "frame*.png"],
        "files": sorted(shots.iterdir()),  # as a shell gives them: 1, 10, 11 ...
    }[how]
    (shots / "notes.txt").write_text("no picture")
    if how == "files":
        given = [path for path in given if str(path).endswith(".png")]
    out = tmp_path / "out.mkv"
    assert call("images", *given, out, "--codec", "ffmpeg:ffv1", "-q") == 0
    want = pictures(shots / "frame%d.png")
    have = pictures(out)
    assert len(have) == 12
    assert all(psnr(one, other) > 25 for one, other in zip(have, want, strict=True))
    assert times(out) == [n * 40_000 for n in range(12)]


def test_other_sizes_are_scaled_to_the_first(tmp_path: Path) -> None:
    for name, size in (("a1.png", "96x64"), ("a2.jpg", "50x80"), ("a10.bmp", "200x30")):
        run_ffmpeg("-f", "lavfi", "-i", f"testsrc2=size={size}", "-frames:v", "1", tmp_path / name)
    out = tmp_path / "out.mp4"
    assert call("images", tmp_path, out, "--fps", "30000/1001", "-q") == 0
    stream = video_stream(out)
    assert (stream["width"], stream["height"]) == (96, 64)
    assert times(out) == [0, 33_367, 66_733]


def test_names_with_a_percent_sign_are_names(tmp_path: Path) -> None:
    run_ffmpeg("-i", clip(NAME), "-frames:v", "1", tmp_path / "x.png")
    (tmp_path / "x.png").rename(tmp_path / "100%d.png")
    assert call("images", tmp_path / "100%d.png", tmp_path / "out.mp4", "-q") == 0


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("none", "No such file or directory"),
        ("x*.png", "no file fits this pattern"),
        ("empty", "there is no picture in this folder"),
        ("bad.png", "bad.png"),
    ],
)
def test_pictures_that_are_not_there_or_bad(
    given: str, message: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "bad.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(99))
    assert call("images", tmp_path / given, tmp_path / "out.mp4") == 1
    text = capfd.readouterr().err
    assert message in text
    assert text.count("\n") == 1
    assert names(tmp_path) == ["bad.png", "empty"]


def test_a_bad_picture_among_good_ones_is_named(
    shots: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (shots / "frame7.png").write_bytes(b"nothing")
    assert call("images", shots, tmp_path / "out.mp4") == 1
    assert str(shots / "frame7.png") in capfd.readouterr().err
    assert names(tmp_path) == ["shots"]


# ---- the pieces


def test_natural_order() -> None:
    shuffled = ["b1", "a10", "a2", "A3", "a", "a02", "10", "9", "a2b10", "a2b9"]
    assert sorted(shuffled, key=natural) == [
        *("9", "10", "a", "a02", "a2", "a2b9", "a2b10", "A3", "a10", "b1")
    ]


def test_the_same_picture_twice_is_one(shots: Path) -> None:
    found = find_pictures([str(shots), str(shots / "frame3.png")])
    assert [Path(path).name for path in found] == [f"frame{n}.png" for n in range(1, 13)]


@pytest.mark.parametrize("command", ["transcode", "remux", "images"])
def test_standard_output_needs_a_format(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert call(command, clip(NAME), "-") == 2
    assert names(tmp_path) == []


def test_plan_fills_in_the_stem() -> None:
    jobs = plan(["in/a.b.mov", "c.mp4"], "out/{stem}/{stem}.webm")
    assert [job.target for job in jobs] == ["out/a.b/a.b.webm", "out/c/c.webm"]
    assert plan(["a.mp4"], "b.mp4")[0].target == "b.mp4"
    with pytest.raises(UsageError):
        plan(["a.mp4", "a.mkv"], "{stem}.webm")


@pytest.mark.parametrize(
    ("text", "bits"),
    [("2M", 2_000_000), ("800k", 800_000), ("1.5m", 1_500_000), ("1500000", 1_500_000)],
)
def test_bitrates(text: str, bits: int) -> None:
    assert parse_bitrate(text) == bits


def test_rates_and_options() -> None:
    assert parse_rate("30000/1001") == 30000 / 1001
    assert parse_option("x264-params=keyint=5:bframes=0") == ("x264-params", "keyint=5:bframes=0")
