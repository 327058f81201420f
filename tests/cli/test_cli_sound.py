"""The command line's transcode: what becomes of sound."""

from __future__ import annotations

from pathlib import Path

import pytest
from cli_helpers import call, names
from convert_helpers import streams
from heard import noisy_film
from mux_helpers import probe

pytestmark = pytest.mark.once
FAST = ("--preset", "ultrafast")
VP8 = ("--codec", "vp8", "--option", "cpu-used=8", "--option", "deadline=realtime")


def test_a_film_becomes_a_webm_that_is_heard(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "a.webm"
    assert call("transcode", noisy_film(), out, *VP8) == 0
    assert streams(out) == ["video vp8", "audio opus"]
    said = capfd.readouterr()
    assert said.err == ""
    assert said.out.startswith(f"{out}: 30 frames, vp8 by libvpx, ")


def test_the_sound_alone(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "a.mp3"
    arguments = ("--audio-bitrate", "64k", "--channels", "1", "--sample-rate", "24000")
    assert call("transcode", noisy_film(), out, *arguments, "--start", "0.2") == 0
    assert capfd.readouterr() == (f"{out}: audio aac as mp3\n", "")
    found = probe(out, "-show_streams")["streams"][0]
    assert (found["codec_name"], found["sample_rate"], found["channels"]) == ("mp3", "24000", 1)
    assert float(found["duration"]) == pytest.approx(1.0, abs=0.1)


def test_codec_and_stream_can_be_chosen(tmp_path: Path) -> None:
    out = tmp_path / "a.mov"
    arguments = ("--audio-codec", "alac", "--audio-stream", "1", *FAST, "-q")
    assert call("transcode", noisy_film(), out, *arguments) == 0
    assert streams(out) == ["video h264", "audio alac"]


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (("--no-audio", "--audio-codec", "aac"), 2, "--no-audio and --audio-codec exclude"),
        (("--audio-codec", "nothing"), 1, "unknown codec"),
        (("--audio-codec", "copy", "--channels", "2"), 1, "channels is for sound"),
        (("--audio-bitrate", "loud"), 2, "no bitrate"),
        (("--audio-stream", "7"), 1, "no stream of sound"),
    ],
)
def test_what_is_wrong_is_a_line(
    arguments: tuple[str, ...],
    status: int,
    message: str,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    try:
        got = call("transcode", noisy_film(), tmp_path / "a.mp4", *arguments)
    except SystemExit as error:
        assert isinstance(error.code, int)
        got = error.code
    assert got == status
    assert message in capfd.readouterr().err
    assert names(tmp_path) == []
