"""The command line: what it writes, what it says, and how it ends."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from clips import CACHE, FRAMES, ROOT, clip, framemd5, run_ffmpeg

import ffwebcodecs
from ffwebcodecs.cli import _COMMANDS, main
from ffwebcodecs.cli._progress import Progress
from ffwebcodecs.cli._values import parse_time

NAME = "h264-bframes.mp4"


def environment(**extra: str) -> dict[str, str]:
    path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    return {**os.environ, "PYTHONPATH": path, **extra}


def command(*arguments: object) -> list[str]:
    return [sys.executable, "-W", "error", "-m", "ffwebcodecs", *map(str, arguments)]


def run(*arguments: object, stdin: bytes = b"", **extra: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        command(*arguments), input=stdin, capture_output=True, env=environment(**extra), timeout=60
    )


def call(*arguments: object) -> int:
    return main([str(argument) for argument in arguments])


def png(path: Path) -> np.ndarray:
    """Return the pixels of a PNG or JPEG as the ffmpeg program reads it."""
    probe = subprocess.run(
        ["ffprobe", "-v", "error", "-show_entries", "stream=width,height", "-of", "csv=p=0", path],
        capture_output=True,
        text=True,
        check=True,
    )
    width, height = map(int, probe.stdout.strip().split(","))
    raw = run_ffmpeg("-i", path, "-f", "rawvideo", "-pix_fmt", "rgb24", "-")
    return np.frombuffer(raw, np.uint8).reshape(height, width, 3)


def names(folder: Path) -> list[str]:
    return sorted(os.listdir(folder))


# ---- the program as a whole


@pytest.mark.parametrize("arguments", [[], ["nonsense"], ["probe"], ["frames", "a.mp4"]])
def test_wrong_usage_ends_with_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert call(*arguments) == 2
    assert "usage: ffwebcodecs" in capsys.readouterr().err


@pytest.mark.parametrize("name", list(_COMMANDS))
def test_each_command_has_help(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert call(name, "--help") == 0
    assert f"usage: ffwebcodecs {name}" in capsys.readouterr().out


def test_help_loads_neither_numpy_nor_ffmpeg() -> None:
    code = (
        "import sys\n"
        "from ffwebcodecs.cli import main\n"
        "assert main(['--help']) == 0\n"
        "unwanted = {'numpy', 'asyncio', '_cffi_backend', 'tqdm'} & set(sys.modules)\n"
        "assert not unwanted, unwanted\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, env=environment())
    assert done.returncode == 0, done.stderr


def test_version_is_the_packages(capsys: pytest.CaptureFixture[str]) -> None:
    assert call("--version") == 0
    assert capsys.readouterr().out == f"ffwebcodecs {ffwebcodecs.__version__}\n"


def test_missing_file_is_one_line_without_a_traceback(tmp_path: Path) -> None:
    done = run("sheet", tmp_path / "no.mp4", "-o", tmp_path / "s.png")
    assert done.returncode == 1
    text = f"ffwebcodecs: {tmp_path / 'no.mp4'}: No such file or directory\n"
    assert done.stderr.decode() == text
    assert names(tmp_path) == []


def test_reader_that_leaves_is_no_error_message() -> None:
    # More output than a pipe holds.
    path = clip(NAME)
    with subprocess.Popen(
        command("probe", "--json", *[path] * 300),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(),
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 1


# ---- info


def test_info_says_mode_reason_libraries_and_codecs(capsys: pytest.CaptureFixture[str]) -> None:
    assert call("info") == 0
    text = capsys.readouterr().out
    info = ffwebcodecs.ffmpeg_info()
    assert f"Mode: {info.mode} ({info.reason})" in text
    for name, (path, version) in info.libraries.items():
        line = next(line for line in text.splitlines() if line.split()[:1] == [name])
        assert line.split()[1:] == [".".join(map(str, version)), path]
    assert "H.264" in text


def test_info_json_names_every_codec(capsys: pytest.CaptureFixture[str]) -> None:
    assert call("info", "--json") == 0
    document = json.loads(capsys.readouterr().out)
    info = ffwebcodecs.ffmpeg_info()
    assert document["mode"] == info.mode
    assert document["decoders"] == info.decoders
    assert document["encoders"] == info.encoders
    assert document["devices"] == info.devices
    assert set(document["libraries"]) == {"avutil", "avcodec", "swscale", "avformat"}
    assert document["codecs"]["H.264"]["decoders"][0] == "h264"


@pytest.mark.parametrize("json_wanted", [False, True])
def test_info_without_ffmpeg_says_what_to_install(tmp_path: Path, json_wanted: bool) -> None:
    arguments = ["--json"] if json_wanted else []
    done = run("info", *arguments, FFWEBCODECS_LIBRARY_PATH=str(tmp_path), FFWEBCODECS_FFI="auto")
    assert done.returncode == 1
    message = done.stderr.decode()
    assert message.startswith("ffwebcodecs: ")
    assert "install" in message
    assert "Traceback" not in message
    assert ffwebcodecs.__version__ in done.stdout.decode()
    if json_wanted:
        assert str(tmp_path) in json.loads(done.stdout)["error"]


# ---- probe


def test_probe_json_has_one_object_for_each_file(capsys: pytest.CaptureFixture[str]) -> None:
    paths = [clip(NAME), clip("vp9-profile2.webm")]
    assert call("probe", "--json", *paths) == 0
    first, second = json.loads(capsys.readouterr().out)
    with ffwebcodecs.Demuxer(paths[0]) as demuxer:
        assert first["codec"] == demuxer.video_config.codec
        assert first["container"] == demuxer.format_name
    assert first["file"] == str(paths[0])
    assert (first["width"], first["height"], first["display_aspect"]) == (160, 120, [4, 3])
    assert (first["duration_us"], first["frame_rate"], first["frame_count"]) == (1_500_000, 30, 45)
    assert (first["rotation"], first["flip"], first["supported"]) == (0, False, True)
    assert second["codec"].startswith("vp09.02.")


def test_probe_text_says_rotation_and_duration(capsys: pytest.CaptureFixture[str]) -> None:
    assert call("probe", clip("h264-rotated.mp4")) == 0
    text = capsys.readouterr().out
    assert "degrees clockwise" in text
    assert "00:00:01.500" in text
    assert "160x120" in text


def test_probe_goes_on_after_a_bad_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "bad.mp4").write_bytes(b"no video")
    assert call("probe", tmp_path / "bad.mp4", tmp_path / "none.mp4", clip(NAME)) == 1
    out, err = capsys.readouterr()
    assert "avc1." in out
    assert [line.count("ffwebcodecs: ") for line in err.splitlines()] == [1, 1]
    assert "bad.mp4" in err.splitlines()[0]
    assert "none.mp4: No such file" in err.splitlines()[1]


# ---- frames


def test_frames_png_are_numbered_and_exact(tmp_path: Path) -> None:
    out = tmp_path / "a" / "b"
    assert call("frames", clip(NAME), "-o", out, "--every", 10) == 0
    assert names(out) == [f"frame-{number:06}.png" for number in range(1, 6)]
    for number, frame in enumerate(ffwebcodecs.read_frames(clip(NAME), step=10), 1):
        with frame:
            pixels = frame.to_ndarray("RGB")
        np.testing.assert_array_equal(png(out / f"frame-{number:06}.png"), pixels)


def test_frames_raw_are_the_decoders_bytes(tmp_path: Path) -> None:
    assert call("frames", clip(NAME), "-o", tmp_path / "o", "--format", "raw") == 0
    import hashlib

    digests = [
        hashlib.md5((tmp_path / "o" / name).read_bytes()).hexdigest()
        for name in names(tmp_path / "o")
    ]
    assert digests == [frame.digest for frame in framemd5(clip(NAME))]


@pytest.mark.parametrize(("pixels", "shape"), [(None, (120, 160, 3)), ("rgba", (120, 160, 4))])
def test_frames_npy_load_as_arrays(
    tmp_path: Path, pixels: str | None, shape: tuple[int, ...]
) -> None:
    chosen = ["--pixels", pixels] if pixels else []
    out = tmp_path / "o"
    arguments = ["-o", out, "--format", "npy", "--stop", "0.1", *chosen]
    assert call("frames", clip(NAME), *arguments) == 0
    arrays = [np.load(out / name) for name in names(out)]
    assert [array.shape for array in arrays] == [shape] * 3


def test_frames_start_and_stop_choose_by_time(tmp_path: Path) -> None:
    arguments = ["--start", "0.5", "--stop", "00:00:01", "--format", "jpeg"]
    assert call("frames", clip(NAME), "-o", tmp_path / "o", *arguments) == 0
    expected = [f for f in framemd5(clip(NAME)) if 500_000 <= f.timestamp < 1_000_000]
    assert names(tmp_path / "o") == [f"frame-{n:06}.jpg" for n in range(1, len(expected) + 1)]


@pytest.mark.parametrize(
    ("size", "shape"), [("80x-1", (60, 80)), ("-1x60", (60, 80)), ("50x70", (70, 50))]
)
def test_frames_size_scales(tmp_path: Path, size: str, shape: tuple[int, int]) -> None:
    arguments = [f"--size={size}", "--stop", "0.01"]
    assert call("frames", clip(NAME), "-o", tmp_path / "o", *arguments) == 0
    assert png(tmp_path / "o" / "frame-000001.png").shape[:2] == shape


def test_frames_size_of_a_rotated_clip_is_that_of_the_picture(tmp_path: Path) -> None:
    path = clip("h264-rotated.mp4")
    assert call("frames", path, "-o", tmp_path / "p", "--size=60x-1", "--stop", "0.01") == 0
    assert png(tmp_path / "p" / "frame-000001.png").shape[:2] == (80, 60)
    # Raw pixels are not turned.
    arguments = ["--size=80x-1", "--stop", "0.01", "--format", "npy"]
    assert call("frames", path, "-o", tmp_path / "n", *arguments) == 0
    assert np.load(tmp_path / "n" / "frame-000001.npy").shape == (60, 80, 3)


def test_frames_does_not_overwrite_unless_forced(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old = tmp_path / "frame-000002.png"
    old.write_bytes(b"old")
    arguments = ["frames", clip(NAME), "-o", tmp_path, "--every", 20]
    assert call(*arguments) == 1
    assert f"{old} exists" in capsys.readouterr().err
    assert names(tmp_path) == [old.name]
    assert old.read_bytes() == b"old"
    assert call(*arguments, "--force") == 0
    assert old.read_bytes().startswith(b"\x89PNG")


def test_frames_of_nothing_fail_and_leave_no_folder(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call("frames", clip(NAME), "-o", tmp_path / "o", "--start", "1:00") == 1
    assert "no frame in this range" in capsys.readouterr().err
    assert names(tmp_path) == []


def test_frames_of_a_damaged_file_writes_what_was_decoded(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = bytearray(clip("h264-bframes.mkv").read_bytes())
    (tmp_path / "cut.mkv").write_bytes(data[: len(data) // 2])
    status = call("frames", tmp_path / "cut.mkv", "-o", tmp_path / "o", "--format", "raw")
    written = names(tmp_path / "o")
    assert 0 < len(written) < FRAMES
    assert {path.stat().st_size for path in (tmp_path / "o").iterdir()} == {160 * 120 * 3 // 2}
    # Whether a file that ends early is an error is the container's business.
    assert status == (1 if capsys.readouterr().err else 0)


@pytest.mark.parametrize(
    "wrong",
    [
        ["--size", "80"],
        ["--size", "0x10"],
        ["--size=-1x-1"],
        ["--start", "abc"],
        ["--every", "0"],
        ["--format", "gif"],
        ["--pixels", "RGBA"],  # of a PNG
        ["--format", "raw", "--pixels", "I42"],
    ],
)
def test_frames_wrong_values_are_usage_errors(tmp_path: Path, wrong: list[str]) -> None:
    assert call("frames", clip(NAME), "-o", tmp_path / "o", *wrong) == 2
    assert names(tmp_path) == []


@pytest.mark.parametrize(
    ("text", "microseconds"),
    [
        ("1.5", 1_500_000),
        ("0", 0),
        ("90", 90_000_000),
        ("1:02", 62_000_000),
        ("00:01:02.5", 62_500_000),
        ("10:00:00.000001", 36_000_000_001),
    ],
)
def test_times(text: str, microseconds: int) -> None:
    assert parse_time(text) == microseconds


# ---- sheet


def test_sheet_has_the_size_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "new" / "s.png"
    arguments = ["--columns", 3, "--count", 7, "--width", 640]
    assert call("sheet", clip(NAME), "-o", path, *arguments) == 0
    pixels = png(path)
    cell = (640 - 4 * 6) // 3
    assert pixels.shape[:2] == (3 * (round(cell * 3 / 4) + 6) + 6, 640)
    assert (pixels[:6] == 24).all()
    # The last row has one picture, the rest is background.
    assert (pixels[-60:, 250:] == 24).all()


def shown_frames(sheet: Path, source: Path, count: int) -> list[int]:
    """Return which frames of the source a sheet with one row and four to three shows."""
    pixels = png(sheet).astype(float)
    cell = (1280 - (count + 1) * 6) // count
    rows = round(cell * 3 / 4)
    left = (1280 - count * (cell + 6) - 6) // 2 + 6
    frames = []
    for frame in ffwebcodecs.read_frames(source):
        with (
            frame,
            ffwebcodecs.create_image_bitmap(
                frame, format="RGB", resize_width=cell, resize_height=rows
            ) as bitmap,
        ):
            frames.append(bitmap.to_ndarray().astype(float))
    shown = []
    for index in range(count):
        start = left + index * (cell + 6)
        one = pixels[6 : 6 + rows, start : start + cell]
        shown.append(min(range(len(frames)), key=lambda n: float(np.abs(frames[n] - one).mean())))
    return shown


def test_sheet_pictures_are_evenly_spaced(tmp_path: Path) -> None:
    out = tmp_path / "s.png"
    assert call("sheet", clip(NAME), "-o", out, "--count", 5, "--columns", 5) == 0
    positions = shown_frames(out, clip(NAME), 5)
    middles = [(2 * n + 1) * FRAMES / 10 for n in range(5)]
    assert all(abs(at - middle) <= 2 for at, middle in zip(positions, middles, strict=True))


def test_sheet_of_a_long_clip_shows_the_middle_of_each_part(tmp_path: Path) -> None:
    path = tmp_path / "long.mkv"
    run_ffmpeg(
        *("-f", "lavfi", "-i", "testsrc2=size=64x48:rate=1:duration=120"),
        *("-c:v", "libx264", "-preset", "ultrafast", "-g", "10", "-pix_fmt", "yuv420p", path),
    )
    out = tmp_path / "s.png"
    assert call("sheet", path, "-o", out, "--count", 4, "--columns", 4) == 0
    assert shown_frames(out, path, 4) == [15, 45, 75, 105]


def test_sheet_of_a_rotated_clip_is_upright(tmp_path: Path) -> None:
    arguments = ["--columns", 1, "--count", 1, "--width", 132]
    out = tmp_path / "s.png"
    assert call("sheet", clip("h264-rotated.mp4"), "-o", out, *arguments) == 0
    assert png(out).shape[:2] == (160 + 12, 132)


def test_sheet_of_a_stream_that_does_not_know_its_length(tmp_path: Path) -> None:
    out = tmp_path / "s.png"
    assert call("sheet", clip("h264-bframes.h264"), "-o", out, "--count", 2, "--columns", 2) == 0
    assert png(out).shape[1] == 1280


def test_sheet_with_fewer_frames_than_pictures_shows_each_once(tmp_path: Path) -> None:
    out = tmp_path / "s.png"
    arguments = ["--count", 100, "--columns", 10]
    assert call("sheet", clip(NAME), "-o", out, *arguments) == 0
    cell = (1280 - 11 * 6) // 10
    assert png(out).shape[0] == 5 * (round(cell * 3 / 4) + 6) + 6


def test_sheet_is_not_overwritten_unless_forced(tmp_path: Path) -> None:
    out = tmp_path / "s.png"
    out.write_bytes(b"old")
    assert call("sheet", clip(NAME), "-o", out) == 1
    assert out.read_bytes() == b"old"
    assert call("sheet", clip(NAME), "-o", out, "-f") == 0
    assert names(tmp_path) == ["s.png"]


@pytest.mark.parametrize("wrong", [["-o", "s.gif"], ["-o", "s.png", "--width", "40"]])
def test_sheet_wrong_values_are_usage_errors(wrong: list[str]) -> None:
    assert call("sheet", clip(NAME), *wrong) == 2


# ---- convert


def yuv(frames: int = 3) -> bytes:
    path = CACHE / "clips" / f"convert-{frames}.yuv"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        source = f"testsrc2=size=64x48:rate=30,trim=end_frame={frames}"
        raw = run_ffmpeg("-f", "lavfi", "-i", source, "-f", "rawvideo", "-pix_fmt", "yuv420p", "-")
        made = path.with_suffix(f".{os.getpid()}")
        made.write_bytes(raw)
        made.rename(path)
    return path.read_bytes()


CONVERT = ("--from", "i420", "--to", "rgba", "--size", "64x48")


def expected(data: bytes, **options: object) -> bytes:
    """Return what the library makes of each frame."""
    size = 64 * 48 * 3 // 2
    out = bytearray()
    for start in range(0, len(data), size):
        with ffwebcodecs.VideoFrame(
            data[start : start + size],
            format="I420",
            coded_width=64,
            coded_height=48,
            timestamp=0,
            **options,  # type: ignore[arg-type]
        ) as frame:
            out += frame.to_ndarray("RGBA").tobytes()
    return bytes(out)


def test_convert_files_frame_by_frame(tmp_path: Path) -> None:
    (tmp_path / "a.yuv").write_bytes(yuv())
    assert call("convert", tmp_path / "a.yuv", tmp_path / "b" / "a.rgba", *CONVERT) == 0
    assert (tmp_path / "b" / "a.rgba").read_bytes() == expected(yuv())


def test_convert_streams_from_stdin_to_stdout() -> None:
    done = run("convert", "-", "-", *CONVERT, stdin=yuv())
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout == expected(yuv())


@pytest.mark.parametrize(
    ("arguments", "color"),
    [
        (["--matrix", "smpte170m"], {"matrix": "smpte170m", "full_range": False}),
        (["--color-space", "bt601"], {"matrix": "smpte170m", "full_range": False}),
        (["--full-range"], {"matrix": "bt709", "full_range": True}),
        (
            ["--color-space", "bt2020", "--matrix", "bt709", "--no-full-range"],
            {"primaries": "bt2020", "matrix": "bt709", "full_range": False},
        ),
    ],
)
def test_convert_takes_the_colours_of_the_input(
    tmp_path: Path, arguments: Sequence[str], color: dict[str, object]
) -> None:
    (tmp_path / "a.yuv").write_bytes(yuv())
    out = tmp_path / "a.rgba"
    assert call("convert", tmp_path / "a.yuv", out, *CONVERT, *arguments) == 0
    assert out.read_bytes() == expected(yuv(), color_space=color)
    assert out.read_bytes() != expected(yuv())


def test_convert_to_the_same_format_copies(tmp_path: Path) -> None:
    (tmp_path / "a.yuv").write_bytes(yuv())
    arguments = ["--from", "I420", "--to", "I420", "--size", "64x48", "--full-range"]
    assert call("convert", tmp_path / "a.yuv", tmp_path / "b.yuv", *arguments) == 0
    assert (tmp_path / "b.yuv").read_bytes() == yuv()


def test_convert_writes_the_whole_frames_before_a_cut_off_one_fails() -> None:
    done = run("convert", "-", "-", *CONVERT, stdin=yuv()[:-1])
    assert done.returncode == 1
    assert done.stdout == expected(yuv()[: 2 * 64 * 48 * 3 // 2])
    message = done.stderr.decode()
    assert "4607 bytes of 4608 (I420 64x48), after 2 whole frames" in message


def test_convert_of_less_than_a_frame_leaves_no_file(tmp_path: Path) -> None:
    (tmp_path / "a.yuv").write_bytes(yuv()[:100])
    (tmp_path / "empty").touch()
    for name in ("a.yuv", "empty"):
        assert call("convert", tmp_path / name, tmp_path / "out", *CONVERT) == 1
    assert names(tmp_path) == ["a.yuv", "empty"]


@pytest.mark.parametrize(
    "wrong",
    [
        ["--from", "I42", "--to", "RGBA", "--size", "4x4"],
        ["--from", "I420", "--to", "RGB24", "--size", "4x4"],
        ["--from", "I420", "--to", "RGBA", "--size", "4"],
        ["--from", "I420", "--to", "RGBA", "--size", "4x-1"],
    ],
)
def test_convert_wrong_values_are_usage_errors(tmp_path: Path, wrong: list[str]) -> None:
    assert call("convert", tmp_path / "in", tmp_path / "out", *wrong) == 2
    assert names(tmp_path) == []


def test_convert_that_libswscale_cannot_do_is_said_before_reading(tmp_path: Path) -> None:
    arguments = ["--from", "I420AP12", "--to", "RGBA", "--size", "4x4"]
    assert call("convert", tmp_path / "not-even-there", tmp_path / "out", *arguments) == 1
    assert names(tmp_path) == []


def test_interrupt_ends_with_130_and_leaves_nothing(tmp_path: Path) -> None:
    arguments = command("convert", "-", tmp_path / "out.rgba", *CONVERT)
    # A frame that is just being made when the interrupt comes is freed by its destructor, which
    # would complain.
    at = arguments.index("-m")
    arguments[at:at] = ["-W", "ignore::ResourceWarning"]
    with subprocess.Popen(
        arguments,
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(),
        # A test run in the background ignores the signal, and would hand that down.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509
    ) as process:
        assert process.stdin is not None
        assert process.stderr is not None
        process.stdin.write(yuv())
        process.stdin.flush()
        # Once its temporary file has a frame in it, it is at work.
        deadline = time.monotonic() + 30
        while not any(path.stat().st_size for path in tmp_path.iterdir()):
            assert process.poll() is None
            assert time.monotonic() < deadline
        process.send_signal(signal.SIGINT)
        assert process.stderr.read() == b""
        process.wait(30)
    assert process.returncode == 130
    assert names(tmp_path) == []


# ---- progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def play(stream: io.StringIO, seconds: Sequence[float], **options: object) -> str:
    clock = iter([0.0, *seconds])
    with Progress(
        100,
        stream=stream,
        clock=lambda: next(clock),
        tqdm=False,
        **options,  # type: ignore[arg-type]
    ) as progress:
        for _ in seconds:
            progress.step()
    return stream.getvalue()


def test_progress_shows_nothing_within_the_first_second() -> None:
    assert play(Terminal(), [0.2, 0.5, 0.9]) == ""


def test_progress_shows_rate_and_time_left_and_goes_away() -> None:
    text = play(Terminal(), [0.5, 1.0])
    assert text == "\r2/100 frames (2 %), 2.0 frames/s, 00:49 left\x1b[K\r\x1b[K"


def test_progress_is_silent_when_quiet_or_no_terminal() -> None:
    assert play(Terminal(), [2.0, 3.0], quiet=True) == ""
    assert play(io.StringIO(), [2.0, 3.0]) == ""


def test_progress_forgets_a_total_that_was_too_low() -> None:
    progress = Progress(1, stream=Terminal(), tqdm=False)
    progress.step()
    progress.step()
    assert progress.line(2.0) == "2 frames, 1.0 frames/s"
