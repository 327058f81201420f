"""What `read_frames` and `read_audio_data` give: iterators with `close`, ``with`` and a place."""

from __future__ import annotations

import asyncio
import pickle
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from clips import FRAMES, clip, framemd5
from handles import live_handles
from sound_clips import sound

from ffwebcodecs import (
    AudioDataReader,
    Demuxer,
    EncodedVideoChunk,
    FrameReader,
    InvalidStateError,
    LiveFrames,
    VideoDecoderConfig,
    read_audio_data,
    read_audio_data_async,
    read_frames,
    read_frames_async,
)

PATH = str(clip("h264-bframes.mp4"))
SOUND = str(sound("pcm16.wav"))


def content() -> tuple[list[EncodedVideoChunk], VideoDecoderConfig]:
    with Demuxer(PATH) as demuxer:
        return list(demuxer.chunks()), demuxer.video_config


READERS: dict[str, Callable[[], Any]] = {
    "a file": lambda: read_frames(PATH),
    "a file, one thread": lambda: read_frames(PATH, threads=1),
    "a file, converted": lambda: read_frames(PATH, pixel_format="RGB", width=32),
    "a file, converted on a thread": lambda: read_frames(PATH, threads=1, height=360),
    "chunks": lambda: read_frames(*content()),
    "sound": lambda: read_audio_data(SOUND),
    "sound, resampled": lambda: read_audio_data(SOUND, sample_rate=8000),
}
each_reader = pytest.mark.parametrize("make", READERS.values(), ids=READERS)


@each_reader
def test_reader_is_an_iterator_that_says_where_it_is(make: Callable[[], Any]) -> None:
    frames = make()
    assert isinstance(frames, FrameReader | AudioDataReader)
    assert iter(frames) is frames
    assert frames.last_timestamp is None
    assert not frames.closed
    seen = []
    for item in frames:
        seen.append(item.timestamp)
        item.close()
        assert frames.last_timestamp == seen[-1]
    known = [frame.timestamp for frame in framemd5(Path(PATH))]
    assert seen == known if isinstance(frames, FrameReader) else seen[0] == 0
    assert frames.closed
    assert frames.last_timestamp == seen[-1]
    assert not live_handles()
    assert next(frames, None) is None


@each_reader
def test_with_frees_all_while_the_reader_is_still_held(make: Callable[[], Any]) -> None:
    frames = make()
    with frames as same:
        assert same is frames
        next(frames).close()
        assert not frames.closed
    assert frames.closed
    frames.close()  # twice is fine
    assert not live_handles()
    assert list(frames) == []
    with pytest.raises(InvalidStateError, match="Reader is closed"), frames:
        pass


@each_reader
def test_reader_that_was_never_begun_is_closed_all_the_same(make: Callable[[], Any]) -> None:
    frames = make()
    assert live_handles()
    frames.close()
    assert not live_handles()
    assert list(frames) == []


@pytest.mark.parametrize("options", [{}, {"live": True}, {"width": 32}])
def test_reader_that_was_never_begun_is_dropped_without_a_warning(options: dict[str, Any]) -> None:
    read_frames(PATH, **options)
    if options != {"live": True}:  # which a thread ends
        assert not live_handles()


@each_reader
def test_loop_that_is_left_frees_all_at_once_without_a_warning(make: Callable[[], Any]) -> None:
    for item in make():  # warnings are errors here
        item.close()
        break
    assert not live_handles()


def test_reader_that_an_error_ended_is_closed() -> None:
    class FailingError(Exception):
        pass

    given, config = content()

    def failing() -> Iterator[EncodedVideoChunk]:
        yield from given[:20]
        raise FailingError

    frames = read_frames(failing(), config)
    seen = []
    with pytest.raises(FailingError):
        for frame in frames:
            seen.append(frame.timestamp)
            frame.close()
    assert frames.closed
    assert frames.last_timestamp == seen[-1]


def test_reader_over_a_demuxer_leaves_that_open() -> None:
    known = [frame.timestamp for frame in framemd5(Path(PATH))]
    with Demuxer(PATH) as demuxer:
        with read_frames(demuxer) as frames:
            next(frames).close()
        with read_frames(demuxer) as frames:
            next(frames).close()
            assert frames.last_timestamp == known[1]


def test_what_is_being_read_cannot_close_the_reader() -> None:
    given, config = content()
    refused: list[str] = []

    def closing() -> Iterator[EncodedVideoChunk]:
        for chunk in given:
            try:
                frames.close()
            except InvalidStateError as error:
                refused.append(str(error))
            yield chunk

    frames = read_frames(closing(), config)
    assert sum(1 for _ in frames) == FRAMES
    assert len(refused) == len(given)
    assert "called by what it reads" in refused[0]


def test_reader_whose_chunks_do_not_come_back_says_so() -> None:
    given, config = content()
    waiting, go_on = threading.Event(), threading.Event()

    def stuck() -> Iterator[EncodedVideoChunk]:
        yield from given[:20]
        waiting.set()
        go_on.wait()
        yield from given[20:]

    frames = read_frames(stuck(), config)
    seen: list[int] = []

    def read() -> None:
        for frame in frames:
            seen.append(frame.timestamp)
            frame.close()

    thread = threading.Thread(target=read)
    thread.start()
    assert waiting.wait(30)
    with pytest.raises(InvalidStateError, match="another thread is in what it reads"):
        frames.close()
    go_on.set()
    thread.join(30)
    assert len(seen) == FRAMES
    frames.close()


def test_live_frames_are_a_frame_reader() -> None:
    with read_frames(PATH, live=True) as frames:
        assert isinstance(frames, LiveFrames)
        assert isinstance(frames, FrameReader)
        assert frames.last_timestamp is None
        with next(frames) as frame:
            assert frames.last_timestamp == frame.timestamp
        assert repr(frames).startswith(f"<LiveFrames of {PATH!r}, open, ")


@pytest.mark.parametrize(
    "read", [lambda: read_frames_async(PATH), lambda: read_audio_data_async(SOUND)]
)
def test_asynchronous_reading_says_where_it_is(read: Callable[[], Any]) -> None:
    async def main() -> None:
        async with read() as reading:
            assert (reading.last_timestamp, reading.closed) == (None, False)
            async for item in reading:
                with item:
                    assert reading.last_timestamp == item.timestamp
                if item.timestamp > 0:
                    break
        assert reading.closed
        with pytest.raises(TypeError, match="pickled"):
            pickle.dumps(reading)

    asyncio.run(main())


@pytest.mark.once
def test_reader_says_what_it_reads_and_how_far() -> None:
    with read_frames(PATH) as frames:
        assert repr(frames) == f"<FrameReader of {PATH!r}, open>"
        next(frames).close()
        assert repr(frames) == f"<FrameReader of {PATH!r}, open, last at 0 us>"
    assert repr(frames) == f"<FrameReader of {PATH!r}, over, last at 0 us>"
    with read_frames(*content()) as frames:
        assert repr(frames) == "<FrameReader of the stream, open>"
    with read_audio_data(SOUND) as sounds:
        assert repr(sounds) == f"<AudioDataReader of {SOUND!r}, open>"


@pytest.mark.once
@pytest.mark.parametrize("kind", [FrameReader, AudioDataReader, LiveFrames])
def test_reader_is_not_made_by_hand(kind: type[Any]) -> None:
    with pytest.raises(TypeError, match="use read_"):
        kind()


@pytest.mark.once
def test_reader_is_not_pickled() -> None:
    with read_frames(PATH) as frames, pytest.raises(TypeError, match="FrameRef"):
        pickle.dumps(frames)
