"""Animated WebP is read, whatever FFmpeg makes of it: its pictures are those that libwebp shows."""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from animations import random_parts, webp
from PIL import Image, ImageSequence

from ffwebcodecs import (
    Demuxer,
    EncodedVideoChunk,
    EncodingError,
    NotSupportedError,
    Video,
    VideoDecoder,
    VideoFrame,
    ffmpeg_info,
    read_frames,
    transcode,
)
from ffwebcodecs._spec.images.kinds import scan

COUNT = 9
PARTS = random_parts(4, COUNT, 24, 16, disposes=2)
DATA = webp(PARTS, 24, 16, 3)
DELAYS = [part.delay * 1000 for part in PARTS]
TIMES = [sum(DELAYS[:number]) for number in range(COUNT)]
IS_TAKEN_APART = int(ffmpeg_info().release.split(".")[0]) >= 9


def shown() -> list[Any]:
    with Image.open(io.BytesIO(DATA)) as image:
        return [np.asarray(one.convert("RGBA")) for one in ImageSequence.Iterator(image)]


def assert_shown(frames: Any, numbers: range) -> None:
    expected = shown()
    for number in numbers:
        with next(frames) as frame:
            assert (frame.timestamp, frame.duration) == (TIMES[number], DELAYS[number])
            pixels = frame.to_ndarray("RGBA").astype(int)
        seen = expected[number][..., 3:] > 0
        assert (np.abs(pixels - expected[number]) * seen).max() <= 3
        assert not (pixels[..., 3:] * ~seen).any()
    assert next(frames, None) is None


class Forward(io.RawIOBase):
    """A file that cannot seek."""

    def __init__(self) -> None:
        super().__init__()
        self._file = io.BytesIO(DATA)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        return self._file.readinto(buffer)


def in_file(path: Path) -> Any:
    path.write_bytes(DATA)
    return path


SOURCES: dict[str, Callable[[Path], Any]] = {
    "path": in_file,
    "bytes": lambda path: DATA,
    "object": lambda path: io.BytesIO(DATA),
    "stream": lambda path: Forward(),
}


@pytest.mark.parametrize("source", SOURCES)
def test_frames_of_any_source_are_those_that_libwebp_shows(source: str, tmp_path: Path) -> None:
    assert_shown(read_frames(SOURCES[source](tmp_path / "some.webp")), range(COUNT))


def test_a_span_a_step_and_a_demuxer_give_the_same(tmp_path: Path) -> None:
    span = read_frames(DATA, start=TIMES[2], stop=TIMES[7], step=2)
    assert_shown(span, range(2, 7, 2))
    with Demuxer(DATA) as demuxer:
        assert_shown(read_frames(demuxer), range(COUNT))


def test_a_loop_that_is_broken_off_leaves_nothing() -> None:
    for frame in read_frames(DATA):
        frame.close()
        break


@pytest.mark.skipif(IS_TAKEN_APART, reason="this FFmpeg takes animated WebP apart")
def test_a_decoder_gives_all_pictures_of_a_chunk_that_is_a_whole_file() -> None:
    times: list[int] = []

    def note(frame: VideoFrame) -> None:
        times.append(frame.timestamp)
        frame.close()

    with VideoDecoder(output=note, error=pytest.fail) as decoder:
        decoder.configure({"codec": "ffmpeg:webp"})
        for start in (0, 10_000_000):
            decoder.decode(EncodedVideoChunk(type="key", timestamp=start, data=DATA))
        decoder.flush().result()
    assert times == TIMES + [10_000_000 + time for time in TIMES]


@pytest.mark.skipif(IS_TAKEN_APART, reason="this FFmpeg takes animated WebP apart")
def test_what_needs_an_index_says_why_there_is_none(tmp_path: Path) -> None:
    path = in_file(tmp_path / "some.webp")
    with pytest.raises(NotSupportedError, match=r"some\.webp.*FFmpeg before 9\.0.*read_frames"):
        Video(path)


@pytest.mark.skipif(IS_TAKEN_APART, reason="this FFmpeg takes animated WebP apart")
def test_damage_and_size_are_errors_before_the_picture() -> None:
    facts = scan("webp", DATA, True)
    assert facts is not None
    parts = facts.tracks[0].frames
    large = max(range(2, COUNT), key=lambda number: parts[number].stop - parts[number].start)
    place = parts[large].start + 40  # behind the size of the bitstream
    frames = read_frames(DATA[:place] + b"\xff" * 30 + DATA[place + 30 :])
    for _ in range(large):
        next(frames).close()
    with pytest.raises(EncodingError):
        next(frames)
    with pytest.raises((EncodingError, NotSupportedError), match="24x16 is 384 pixels"):
        list(read_frames(DATA, max_pixels=300))


@pytest.mark.skipif(IS_TAKEN_APART, reason="this FFmpeg takes animated WebP apart")
def test_a_file_that_ends_early_has_the_pictures_that_are_there() -> None:
    facts = scan("webp", DATA, True)
    assert facts is not None
    parts = facts.tracks[0].frames
    for size, whole in ((parts[5].stop, 6), (parts[5].stop - 3, 5)):
        times = []
        with pytest.warns(UserWarning, match=rf"ends early.*{len(DATA)} bytes.*{size}"):
            for frame in read_frames(DATA[:size]):
                times.append(frame.timestamp)
                frame.close()
        assert times == TIMES[:whole]
        with pytest.raises(EncodingError, match="its header says"):
            for frame in read_frames(
                [EncodedVideoChunk(type="key", timestamp=0, data=DATA[:size])],
                {"codec": "ffmpeg:webp"},
            ):
                frame.close()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
def test_a_fork_is_told_whose_decoder_it_is() -> None:
    frames = read_frames(DATA)
    next(frames).close()
    child = os.fork()
    if not child:
        try:
            next(frames)
        except Exception:
            os._exit(0)
        finally:
            os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    next(frames).close()
    frames.close()


def test_a_conversion_keeps_pictures_delays_and_loop_count(tmp_path: Path) -> None:
    transcode(DATA, tmp_path / "some.apng")
    with Image.open(tmp_path / "some.apng") as image:
        assert (image.n_frames, image.info["loop"]) == (COUNT, 3)
        for number, expected in enumerate(shown()):
            image.seek(number)
            image.load()
            assert image.info["duration"] * 1000 == DELAYS[number]
            if number == 0:
                pixels = np.asarray(image.convert("RGBA"))
                assert np.array_equal(pixels[..., 3], expected[..., 3])
