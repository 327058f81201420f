"""write_frames(audio=...): sound from a file, from AudioData, from an array."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from convert_helpers import FAST, made, streams
from heard import RATE, alike, heard, noisy_film, offset

from ffwebcodecs import (
    AudioData,
    InvalidArgumentError,
    NotSupportedError,
    VideoFrame,
    read_audio,
    write_frames,
)

pytestmark = pytest.mark.divided(file=True)
VP8 = {"codec": "vp8", "encoder_options": {"cpu-used": "8", "deadline": "realtime"}}


def film24() -> Path:
    return noisy_film("mov", "-c:a", "pcm_s24le", name="noise24")


def pictures(count: int = 25, first: int = 0) -> Iterator[VideoFrame]:
    for index in range(count):
        array = np.full((48, 64, 3), index % 32 * 8, np.uint8)
        yield VideoFrame.from_ndarray(array, timestamp=first + index * 40_000, duration=40_000)


def written(out: Path, audio: Any, **options: Any) -> Any:
    more = VP8 if out.suffix == ".webm" else {"encoder_options": FAST}
    return write_frames(pictures(), out, audio=audio, **{**more, **options})


def tone(seconds: float = 1, channels: int = 1) -> Any:
    random = np.random.default_rng(5)
    noise = random.normal(0, 0.1, (round(seconds * RATE), channels)).astype(np.float32)
    smooth = np.stack([np.convolve(one, np.ones(8) / 8, "same") for one in noise.T], axis=1)
    return smooth.astype(np.float32)


@pytest.mark.parametrize(
    ("name", "codec"), [("a.mov", "pcm_s24le"), ("a.mp4", "aac"), ("a.webm", "opus")]
)
def test_the_sound_of_a_file_is_copied_or_encoded(name: str, codec: str, tmp_path: Path) -> None:
    result = written(tmp_path / name, film24())
    copied = codec == "pcm_s24le"
    assert result.copied_streams == (["audio pcm_s24le"] if copied else [])
    assert result.encoded_streams == ([] if copied else [f"audio pcm_s24le as {codec}"])
    assert streams(tmp_path / name)[1] == f"audio {codec}"
    have, want = heard(tmp_path / name), heard(film24())
    assert offset(have, want) == 0
    assert alike(have, want) > 0.9
    assert 0 <= len(have) - len(want) < 1024


@pytest.mark.parametrize("kind", [np.float32, np.float64, np.int16])
def test_an_array_is_sound(kind: Any, tmp_path: Path) -> None:
    array = tone(1, 2)
    given = (array * 32767).astype(kind) if kind is np.int16 else array.astype(kind)
    result = written(tmp_path / "a.mkv", (given, RATE), audio_codec="flac")
    assert result.encoded_streams == ["audio as flac"]
    have = heard(tmp_path / "a.mkv")
    assert len(have) == RATE
    assert float(np.abs(have - array).max()) < 1 / 16000


def test_one_channel_is_an_array_of_one_dimension(tmp_path: Path) -> None:
    written(tmp_path / "a.mp4", (tone()[:, 0].tolist(), RATE))
    assert offset(heard(tmp_path / "a.mp4", channels=1), tone()) == 0


def test_pieces_are_heard_at_their_times_and_closed(tmp_path: Path) -> None:
    given: list[AudioData] = []

    def pieces() -> Iterator[AudioData]:
        for index in (0, 1, 3):
            part = tone()[index * 9600 : (index + 1) * 9600]
            data = AudioData.from_ndarray(part, sample_rate=RATE, timestamp=index * 200_000)
            given.append(data)
            yield data

    written(tmp_path / "a.mkv", pieces(), audio_codec="flac")
    have, want = heard(tmp_path / "a.mkv", channels=1), tone()[:38400].copy()
    want[19200:28800] = 0
    assert float(np.abs(have - want).max()) < 1e-6
    assert all("closed" in repr(one) for one in given)


def test_sound_and_frames_are_asked_for_together(tmp_path: Path) -> None:
    """Neither is read to its end before the other begins."""
    order: list[str] = []

    def frames() -> Iterator[VideoFrame]:
        for frame in pictures(100):
            order.append("frame")
            yield frame

    def pieces() -> Iterator[AudioData]:
        for index in range(40):
            order.append("sound")
            yield AudioData.from_ndarray(
                np.zeros(4800, np.float32), sample_rate=RATE, timestamp=index * 100_000
            )

    write_frames(frames(), tmp_path / "a.mkv", audio=pieces(), encoder_options=FAST)
    first, last = order.index("frame"), len(order) - order[::-1].index("sound")
    assert first < 15
    assert last > 80
    assert order.count("frame") == 100


@pytest.mark.parametrize(
    ("audio", "message"),
    [
        (np.zeros(10, np.float32), "the rate is missing"),
        (5, "audio must be a path"),
        ([1, 2], "audio must be a path, an iterable of AudioData"),
        ([], "audio gives no AudioData"),
        ((np.zeros((2, 48000), np.float32), RATE), "give array.T"),
        ((np.zeros((1, 2, 3), np.float32), RATE), "shape"),
        ((np.zeros(10, np.float32), 0), "sample rate of audio is 0"),
        ((np.zeros(0, np.float32), RATE), "shape"),
    ],
)
def test_what_is_wrong_is_named(audio: Any, message: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidArgumentError, match=message):
        written(tmp_path / "a.mp4", audio)
    assert list(tmp_path.iterdir()) == []


def test_a_file_without_sound_is_refused(tmp_path: Path) -> None:
    silent = made("noise-silent.mp4", "-i", str(noisy_film()), "-an", "-c", "copy")
    with pytest.raises(NotSupportedError, match="has no sound"):
        written(tmp_path / "a.mp4", silent)
    with pytest.raises(FileNotFoundError):
        written(tmp_path / "a.mp4", tmp_path / "nothing.wav")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("channels", [3, 4, 8])
@pytest.mark.parametrize(
    ("rate", "codec", "suffix"),
    [(44100, "opus", ".mkv"), (48000, "flac", ".mkv"), (48000, "alac", ".mov")],
)
def test_channels_that_nobody_has_placed_stay_apart(
    tmp_path: Path, channels: int, rate: int, codec: str, suffix: str
) -> None:
    at = np.arange(rate // 2)[:, None] / rate
    hertz = 300 + 200 * np.arange(channels)
    array = (0.3 * np.sin(2 * np.pi * hertz * at)).astype(np.float32)
    out = tmp_path / f"out{suffix}"
    write_frames(pictures(5), out, codec="ffmpeg:mpeg4", audio=(array, rate), audio_codec=codec)
    heard = read_audio(out)
    loudest = np.abs(np.fft.rfft(heard.data[: heard.sample_rate // 2], axis=0)).argmax(axis=0)
    assert heard.data.shape[1] == channels
    assert np.abs(2 * loudest - hertz).max() <= 2
