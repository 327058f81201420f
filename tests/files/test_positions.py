"""Where a Demuxer stands: reading that was broken off goes on; nothing is lost or given twice."""

from __future__ import annotations

import threading
import warnings
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from clips import clip, run_ffmpeg, run_ffprobe
from decode_helpers import Sink, stream
from demux_helpers import packets

from ffwebcodecs import (
    Demuxer,
    EncodingError,
    InvalidStateError,
    open_handles,
    read_frames,
    remux,
)

NAMES = ["h264-bframes.mp4", "hevc-bframes.mp4", "vp9.webm", "av1.mp4", "h264-bframes.ts"]
NAME = NAMES[0]


def shown(name: str) -> list[int]:
    """Return the times of all frames, by ffprobe's packets: each of these clips shows them all."""
    return sorted(time for _, time, _ in packets(clip(name)))


def take(demuxer: Demuxer, count: int | None = None, **options: Any) -> list[int]:
    """Return the times of the next frames; the loop is broken off behind them."""
    times: list[int] = []
    for frame in read_frames(demuxer, **options):
        times.append(frame.timestamp)
        if len(times) == count:
            break
    return times


@pytest.mark.parametrize("threads", [1, 4])
@pytest.mark.parametrize("name", NAMES)
def test_a_loop_that_is_broken_off_goes_on_with_the_next_frame(name: str, threads: int) -> None:
    with Demuxer(clip(name)) as demuxer:
        found = take(demuxer, 10, threads=threads)
        found += take(demuxer, 1)
        found += take(demuxer, 17, threads=threads)
        found += take(demuxer)
        assert found == shown(name)
        assert take(demuxer) == []


@pytest.mark.parametrize("name", NAMES)
def test_the_frame_at_stop_is_the_next_one(name: str) -> None:
    times = shown(name)
    with Demuxer(clip(name)) as demuxer:
        found = take(demuxer, stop=times[12])
        assert found == times[:12]
        assert take(demuxer, stop=times[12]) == []
        assert take(demuxer, 2, step=3) == [times[12], times[15]]
        assert take(demuxer, stop=times[20]) == times[16:20]
        assert take(demuxer, 1, start=times[31]) == [times[31]]
        assert take(demuxer) == times[32:]


def test_two_iterators_of_one_demuxer_share_its_position() -> None:
    with Demuxer(clip(NAME)) as demuxer:
        first, second = read_frames(demuxer), read_frames(demuxer)
        found = [next(each).timestamp for each in (first, second, second, first)]
        found += [frame.timestamp for frame in islice(first, 5)]
        del first
        found += [frame.timestamp for frame in second]
        assert found == shown(NAME)


@pytest.mark.parametrize("threads", [1, 4])
@pytest.mark.parametrize("name", NAMES)
def test_chunks_go_on_with_those_whose_frames_were_not_given(name: str, threads: int) -> None:
    with Demuxer(clip(name)) as demuxer:
        given = take(demuxer, 10, threads=threads)
        rest = [chunk.timestamp for chunk in demuxer.chunks()]
    in_order = [time for _, time, _ in packets(clip(name))]
    assert rest == [time for time in in_order if time not in given]


def test_chunks_after_stop_include_the_frame_at_stop() -> None:
    times = shown(NAME)
    with Demuxer(clip(NAME)) as demuxer:
        take(demuxer, stop=times[12])
        rest = {chunk.timestamp for chunk in demuxer.chunks()}
    assert rest == set(times[12:])


@pytest.mark.parametrize("name", NAMES)
def test_frames_behind_chunks_that_were_taken_begin_at_a_key_frame(name: str) -> None:
    first, *others = [time for key, time, _ in packets(clip(name)) if key]
    with Demuxer(clip(name)) as demuxer:
        taken = [chunk.timestamp for chunk in islice(demuxer.chunks(), 2)]
        assert taken[0] == first
        if others:
            with pytest.warns(UserWarning, match="chunks skipped"):
                found = take(demuxer)
        else:
            with pytest.raises(EncodingError, match="key frame"):
                take(demuxer)
            found = []
    assert found == [time for time in shown(name) if others and time >= others[0]]


@pytest.mark.parametrize("leave", ["chunks", "seek", "close", "end"])
def test_the_decoder_is_kept_for_going_on_only(leave: str) -> None:
    with Demuxer(clip(NAME)) as demuxer:
        take(demuxer, 5)
        assert open_handles()["codec_context"] == 1
        if leave == "chunks":
            next(iter(demuxer.chunks()))
        elif leave == "seek":
            demuxer.seek(0)
        elif leave == "close":
            demuxer.close()
        else:
            take(demuxer)
        assert not open_handles().get("codec_context")


def test_an_iterator_follows_a_seek() -> None:
    times = shown(NAME)
    with Demuxer(clip(NAME)) as demuxer:
        frames = read_frames(demuxer)
        assert next(frames).timestamp == times[0]
        demuxer.seek(times[30])
        assert next(frames).timestamp == times[30]  # a key frame


def test_an_iterator_of_a_closed_demuxer_says_so() -> None:
    demuxer = Demuxer(clip(NAME))
    frames = read_frames(demuxer)
    next(frames).close()
    demuxer.close()
    with pytest.raises(InvalidStateError, match="closed"):
        next(frames)


def test_closing_in_another_thread_ends_the_reading() -> None:
    with Demuxer(clip(NAME)) as demuxer:
        frames = read_frames(demuxer)
        next(frames).close()
        closer = threading.Thread(target=demuxer.close)
        closer.start()
        with pytest.raises(InvalidStateError):
            for _ in range(1000):
                next(frames, None)
        closer.join()


def test_another_configuration_begins_anew_at_the_same_place() -> None:
    times = shown(NAME)
    with Demuxer(clip(NAME)) as demuxer:
        take(demuxer, 20)
        turned = replace(demuxer.video_config, rotation=90)
        frame = next(read_frames(demuxer, turned))
        assert (frame.timestamp, frame.rotation) == (times[20], 90)
        frame.close()
        assert take(demuxer, stop=times[25]) == times[21:25]
        assert take(demuxer, config=turned) == times[25:]


@pytest.mark.parametrize("threads", [1, 4])
def test_reading_goes_on_behind_the_chunk_of_an_error(threads: int, tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    data = bytearray(clip(NAME).read_bytes())
    records = stream(NAME).records
    at = data.index(records[20].data)
    data[at : at + 4] = b"\x7f\xff\xff\xff"
    path.write_bytes(data)
    with Demuxer(path) as demuxer:
        with pytest.raises(EncodingError, match=str(records[20].timestamp)):
            take(demuxer, threads=threads)
        with pytest.warns(UserWarning, match="9 chunks skipped"):
            assert take(demuxer) == sorted(record.timestamp for record in records[30:])
        demuxer.seek(0)
        with pytest.raises(EncodingError):
            take(demuxer, threads=threads)
        rest = [chunk.timestamp for chunk in demuxer.chunks()]
        assert rest == [record.timestamp for record in records[21:]]


# ---- the first chunk -----------------------------------------------------------------------------


def capture(tmp_path: Path) -> Path:
    """Return a transport stream that begins in the middle of a group of pictures."""
    path = tmp_path / "mid.ts"
    data = clip("h264-bframes.ts").read_bytes()
    count = len(data) // 188
    path.write_bytes(data[: 188 * 3] + data[188 * (count // 5) :])
    return path


def quiet(path: Path) -> list[tuple[bool, int]]:
    """Return key flags and times of the packets, as ffprobe has them; it complains of the hole."""
    entries = ("-show_entries", "packet=flags,pts_time", "-of", "csv=p=0")
    said = run_ffprobe("-loglevel", "quiet", "-select_streams", "v", *entries, path).decode()
    rows = [line.split(",") for line in said.split()]
    return [("K" in flags, round(float(time) * 1_000_000)) for time, flags, *_ in rows]


def test_chunks_begin_at_a_key_chunk(tmp_path: Path) -> None:
    path = capture(tmp_path)
    stored = quiet(path)
    first = next(at for at, (key, _) in enumerate(stored) if key)
    assert first > 0
    with Demuxer(path) as demuxer:
        assert [chunk.timestamp for chunk in demuxer.chunks()] == [
            time for _, time in stored[first:]
        ]
    with Demuxer(path) as demuxer:
        assert len(list(demuxer.chunks(all=True))) == len(stored)
    with Demuxer(path) as demuxer:
        chunks = demuxer.chunks(all=True)
        next(chunks)
        assert next(demuxer.chunks()).type == "delta"  # it goes on, whatever comes
    remux(path, tmp_path / "out.ts")
    assert len(quiet(tmp_path / "out.ts")) == len(stored)


def test_the_usual_loop_decodes_a_capture_that_begins_between_key_frames(tmp_path: Path) -> None:
    path = capture(tmp_path)
    sink = Sink()
    with Demuxer(path) as demuxer, sink.decoder() as decoder:
        decoder.configure(demuxer.video_config)
        for chunk in demuxer.chunks():
            decoder.decode(chunk)
        decoder.flush().result(20)
    assert sink.frames == sorted(time for time in shown("h264-bframes.ts")[15:])


def test_no_key_chunk_at_all_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "a.avi"
    run_ffmpeg("-i", clip("mpeg4.avi"), "-c", "copy", "-bsf:v", "noise=drop=key", path)
    with Demuxer(path) as demuxer, pytest.raises(EncodingError, match="key chunk"):
        list(demuxer.chunks())
    with Demuxer(path) as demuxer:
        assert len(list(demuxer.chunks(all=True))) == len(packets(path))


@pytest.mark.parametrize("errors", ["raise", "skip"])
@pytest.mark.parametrize("name", ["hevc-bframes.mp4", "mpeg4.avi", "vp8.webm", "vp9.webm"])
def test_frames_begin_at_the_first_key_frame(name: str, errors: str, tmp_path: Path) -> None:
    path = tmp_path / Path(name).with_suffix(".mkv")
    run_ffmpeg("-i", clip(name), "-c", "copy", "-ss", "0.2", "-copyinkf", path)
    with Demuxer(path) as demuxer:
        stored = list(demuxer.chunks(all=True))
    key = next(chunk for chunk in stored if chunk.type == "key")
    before = stored.index(key)
    assert before
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        found = list(read_frames(path, errors=errors))
        with Demuxer(path) as demuxer:
            assert take(demuxer, 3, errors=errors) == [frame.timestamp for frame in found[:3]]
    whole = {frame.timestamp: frame.to_ndarray().tobytes() for frame in read_frames(clip(name))}
    behind = list(whole.values())[-len(found) :]
    assert [frame.to_ndarray().tobytes() for frame in found] == behind
    assert found[0].timestamp == key.timestamp
    assert len(found) == sum(chunk.timestamp >= key.timestamp for chunk in stored[before:])
    messages = [str(one.message) for one in said]
    assert all(f"{before} chunk" in message for message in messages)
    assert len(messages) == 2 * (errors == "skip")  # of the file, and of the Demuxer
