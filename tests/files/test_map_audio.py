"""map_audio: a function sees each piece of sound, as map_frame sees frames."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from convert_helpers import FAST
from heard import RATE, alike, heard, noisy_film, offset
from mux_helpers import probe

from ffwebcodecs import (
    AudioData,
    DataError,
    InvalidArgumentError,
    InvalidStateError,
    VideoFrame,
    transcode,
)

pytestmark = pytest.mark.divided(file=True)


def film24() -> Path:
    return noisy_film("mov", "-c:a", "pcm_s24le", name="noise24")


def changed(data: AudioData, array: Any, timestamp: int | None = None, **more: Any) -> AudioData:
    rate = more.pop("sample_rate", data.sample_rate)
    when = data.timestamp if timestamp is None else timestamp
    return AudioData.from_ndarray(array, sample_rate=rate, timestamp=when, **more)


def test_each_is_given_cut_and_in_order_on_the_films_clock(tmp_path: Path) -> None:
    times: list[tuple[int, int]] = []
    kept: list[AudioData] = []

    def look(data: AudioData) -> AudioData:
        times.append((data.timestamp, data.number_of_frames))
        kept.append(data)
        return data

    result = transcode(
        film24(), tmp_path / "a.wav", map_audio=look, start=500_000, stop=1_000_000, audio="pcm"
    )
    assert result.encoded_streams == ["audio pcm_s24le as pcm_s16le"]
    assert times[0][0] == 500_000
    assert sum(count for _, count in times) == RATE // 2
    lasts = [count * 1_000_000 // RATE for _, count in times]
    for (when, _), lasting, (after, _) in zip(times, lasts, times[1:], strict=False):
        assert abs(when + lasting - after) <= 1
    with pytest.raises(InvalidStateError):
        kept[0].to_ndarray()


def test_what_it_returns_is_heard(tmp_path: Path) -> None:
    def softer(data: AudioData) -> AudioData:
        return changed(data, data.to_ndarray() * 0.5)

    transcode(film24(), tmp_path / "a.flac", map_audio=softer)
    have, want = heard(tmp_path / "a.flac"), heard(film24())
    assert float(np.abs(have - want / 2).max()) < 1e-6


def test_what_it_drops_is_silent(tmp_path: Path) -> None:
    def without(data: AudioData) -> AudioData | None:
        return None if 300_000 <= data.timestamp < 600_000 else data

    transcode(film24(), tmp_path / "a.flac", map_audio=without)
    have, want = heard(tmp_path / "a.flac"), heard(film24())
    assert len(have) == len(want)
    silent = np.abs(have).max(axis=1) == 0
    assert 0.28 * RATE < silent.sum() < 0.32 * RATE
    assert np.array_equal(have[~silent], want[~silent])


def test_frames_and_sound_can_be_sped_up(tmp_path: Path) -> None:
    """Twice as fast: all times are halved, and the samples of each second are two seconds'."""

    def faster(data: AudioData) -> AudioData:
        return changed(data, data.to_ndarray(), data.timestamp // 2, sample_rate=2 * RATE)

    def sooner(frame: VideoFrame) -> VideoFrame:
        array = frame.to_ndarray("RGB")
        return VideoFrame.from_ndarray(array, timestamp=frame.timestamp // 2, duration=20_000)

    out = tmp_path / "a.mov"
    transcode(
        *(film24(), out), map_frame=sooner, map_audio=faster, audio="alac", sample_rate=RATE,
        encoder_options=FAST,
    )  # fmt: skip
    have, want = heard(out), heard(film24(), rate=RATE // 2)
    assert abs(len(have) - len(want)) <= 1
    one = np.repeat(want, 1, axis=0)
    assert offset(have, one, 500) == 0
    assert alike(have, one) > 0.9
    assert float(probe(out, "-show_format")["format"]["duration"]) == pytest.approx(0.6, abs=0.05)


def test_the_first_one_decides_about_channels(tmp_path: Path) -> None:
    def mono(data: AudioData) -> AudioData:
        return changed(data, data.to_ndarray()[:, 1])

    transcode(film24(), tmp_path / "a.flac", map_audio=mono)
    found = probe(tmp_path / "a.flac", "-show_streams")["streams"][0]
    assert found["channels"] == 1
    have, want = heard(tmp_path / "a.flac", channels=1), heard(film24())
    assert float(np.abs(have[:, 0] - want[:, 1]).max()) < 1e-6


def test_time_that_goes_back_is_an_error(tmp_path: Path) -> None:
    def back(data: AudioData) -> AudioData:
        return changed(data, data.to_ndarray(), max(0, 600_000 - data.timestamp))

    with pytest.raises(DataError, match="sound goes back to"):
        transcode(film24(), tmp_path / "a.flac", map_audio=back)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("wrong", [1, "sound", b""])
def test_only_audio_data_is_taken(wrong: Any, tmp_path: Path) -> None:
    with pytest.raises(InvalidArgumentError, match="map_audio must return an AudioData or None"):
        transcode(film24(), tmp_path / "a.flac", map_audio=lambda data: wrong)
    assert list(tmp_path.iterdir()) == []


def test_what_it_raises_comes_out(tmp_path: Path) -> None:
    def broken(data: AudioData) -> AudioData:
        raise ZeroDivisionError("mine")

    with pytest.raises(ZeroDivisionError, match="mine"):
        transcode(film24(), tmp_path / "a.mp4", map_audio=broken, encoder_options=FAST)
    assert list(tmp_path.iterdir()) == []
