"""The command line's convert: raw frames in, raw frames out, and nothing left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

import pytest
from cli_helpers import call, command, environment, names, run
from clips import CACHE, run_ffmpeg

import ffwebcodecs

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
