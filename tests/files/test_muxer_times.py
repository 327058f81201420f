"""Times of chunks made by hand, without decoding times: what ffprobe reads is what was given."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest
from clips import clip, framemd5
from decode_helpers import Stream, stream
from encode_helpers import STEP, encode, frame_of, need, settings
from mux_helpers import mux, packets, pictures, start_step, video_stream

from ffwebcodecs import EncodedVideoChunk, InvalidArgumentError, Muxer, write_frames

pytestmark = pytest.mark.divided(file=True)


def timed(source: Stream, time: Callable[[int], int], **changes: object) -> list[EncodedVideoChunk]:
    return [r.chunk(timestamp=time(r.timestamp), **changes) for r in source.records]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["h264-bframes.mp4", "hevc-bframes.mp4", "h264-bframes.ts"])
@pytest.mark.parametrize("suffix", ["mp4", "mov"])
@pytest.mark.parametrize("duration", [True, False], ids=["durations", "no durations"])
def test_reordered_chunks_get_decoding_times(
    name: str, suffix: str, duration: bool, tmp_path: Path
) -> None:
    source, path = stream(name), tmp_path / f"made.{suffix}"
    mux(path, source.config, timed(source, int, **({} if duration else {"duration": None})))
    found = packets(path)
    shift = found[0].pts - source.records[0].timestamp  # type: ignore[operator]
    assert abs(shift) < start_step()
    assert [p.pts for p in found] == [r.timestamp + shift for r in source.records]
    # What the ffmpeg program gave the clip when it made it; extrapolated times are rounded.
    expected = [(p.dts or 0) + shift for p in packets(clip(name))]
    assert all(abs((a.dts or 0) - b) <= 2 for a, b in zip(found, expected, strict=True))
    assert [p.duration for p in found] == [r.duration for r in source.records]
    assert pictures(path) == pictures(clip(name))


@pytest.mark.parametrize("suffix", ["mp4", "mov", "mkv", "ts"])
def test_decoding_times_increase_and_never_pass_presentation(suffix: str, tmp_path: Path) -> None:
    source, path = stream("h264-bframes.mp4"), tmp_path / f"made.{suffix}"
    mux(path, source.config, source.chunks())
    found = [(p.pts, p.dts) for p in packets(path) if p.dts is not None and p.pts is not None]
    assert len(found) >= len(source.records) - 2  # Matroska stores none; ffprobe guesses later ones
    assert all(dts <= pts for pts, dts in found)
    assert all(a[1] < b[1] for a, b in pairwise(found))


@pytest.mark.parametrize("name", ["h264-direct", "vp9.webm", "av1.mp4"])
def test_any_microsecond_survives_in_mp4(name: str, tmp_path: Path) -> None:
    source = stream("h264-bframes.mp4" if name == "h264-direct" else name)
    path = tmp_path / "made.mp4"
    shown = {t: t * 3 // 2 + 7 * i**3 for i, t in enumerate(source.times())}
    mux(path, source.config, timed(source, shown.__getitem__, duration=None))
    assert [p.pts for p in packets(path)] == [shown[r.timestamp] for r in source.records]


@pytest.mark.parametrize(
    ("suffix", "tick"), [("ivf", 1), ("webm", 1000), ("mkv", 1000), ("mp4", 1)]
)
def test_times_are_rounded_to_the_containers_clock(suffix: str, tick: int, tmp_path: Path) -> None:
    source, path = stream("vp9.webm"), tmp_path / f"made.{suffix}"
    times = [r.timestamp * 1001 // 1000 + 499 * (i % 2) for i, r in enumerate(source.records)]
    given = iter(times)
    mux(path, source.config, timed(source, lambda _: next(given), duration=None))
    assert [p.pts for p in packets(path)] == [(t + tick // 2) // tick * tick for t in times]


@pytest.mark.parametrize("suffix", ["mp4", "mov", "mkv", "webm", "ivf"])
@pytest.mark.parametrize("offset", [5_123_000, 36_000_001_000])
def test_start_offset_is_kept(suffix: str, offset: int, tmp_path: Path) -> None:
    if suffix == "ivf" and offset > 2**32:
        offset = 4_000_000_000
    source, path = (
        stream("h264-bframes.mp4" if suffix == "mov" else "vp9.webm"),
        tmp_path / f"a.{suffix}",
    )
    mux(path, source.config, timed(source, lambda t: t + offset))
    assert [p.pts for p in packets(path)] == [r.timestamp + offset for r in source.records]


def test_start_offset_is_kept_by_transport_streams(tmp_path: Path) -> None:
    source, path = stream("h264-bframes.mp4"), tmp_path / "made.ts"
    mux(path, source.config, timed(source, lambda t: t + 9_000_000))
    found = [p.pts for p in packets(path)]
    # A clock of 90 kHz: microseconds are rounded to it, and by ffprobe back.
    expected = [r.timestamp + 9_000_000 for r in source.records]
    assert all(abs((a or 0) - b) <= 6 for a, b in zip(found, expected, strict=True))


@pytest.mark.parametrize(("name", "suffix"), [("h264-bframes.mp4", "mp4"), ("vp9.webm", "webm")])
def test_negative_times_move_everything_to_zero(name: str, suffix: str, tmp_path: Path) -> None:
    source, path = stream(name), tmp_path / f"made.{suffix}"
    first = min(r.timestamp for r in source.records)
    mux(path, source.config, timed(source, lambda t: t - 250_000))
    assert [p.pts for p in packets(path)] == [r.timestamp - first for r in source.records]
    assert pictures(path) == pictures(clip(name))


def test_last_chunk_keeps_its_duration(tmp_path: Path) -> None:
    source, path = stream("vp9.webm"), tmp_path / "made.mp4"
    chunks = [r.chunk(duration=33_000) for r in source.records]
    chunks[-1] = source.records[-1].chunk(duration=2_500_000)
    mux(path, source.config, chunks)
    end = source.records[-1].timestamp + 2_500_000
    assert round(float(video_stream(path)["duration"]) * 1e6) == end - source.records[0].timestamp


def test_variable_rate_in_avi_keeps_the_length(tmp_path: Path) -> None:
    source, path = stream("vp9.webm"), tmp_path / "made.avi"
    times = [i * 40_000 + i % 3 * 10_000 for i in range(len(source.records))]
    given = iter(times)
    mux(path, source.config, timed(source, lambda _: next(given), duration=None))
    found = [p.pts for p in packets(path)]
    # Each frame lies on a tick; the smallest gap is one, and half of it the greatest error.
    assert all(abs((a or 0) - b) <= 10_000 for a, b in zip(found, times, strict=True))


@pytest.mark.parametrize(
    ("rate", "shown"), [(25, "25/1"), (30000 / 1001, "30000/1001"), (24, "24/1"), (60, "60/1")]
)
def test_constant_rate_is_recognised(rate: float, shown: str, tmp_path: Path) -> None:
    source, path = stream("vp9.webm"), tmp_path / "made.avi"
    times = iter(round(i * 1e6 / rate) for i in range(len(source.records)))
    mux(path, source.config, timed(source, lambda _: next(times), duration=None))
    assert video_stream(path)["r_frame_rate"] == shown


def test_time_that_goes_back_is_refused_and_nothing_happens(tmp_path: Path) -> None:
    source, path = stream("vp9.webm"), tmp_path / "made.webm"
    with Muxer(path) as muxer:
        for record in source.records[:3]:
            muxer.add_chunk(record.chunk(), source.config)
        last = source.records[2].timestamp
        with pytest.raises(
            InvalidArgumentError, match=rf"{last - 1000} us comes after .*{last} us"
        ):
            muxer.add_chunk(source.records[3].chunk(timestamp=last - 1000))
        with pytest.raises(InvalidArgumentError, match="must increase"):
            muxer.add_chunk(source.records[3].chunk(timestamp=last))
        for record in source.records[3:]:
            muxer.add_chunk(record.chunk())
    assert pictures(path) == pictures(clip("vp9.webm"))


def test_two_pictures_at_one_time_are_refused(tmp_path: Path) -> None:
    source = stream("h264-bframes.mp4")
    with (
        pytest.raises(InvalidArgumentError, match="two chunks have the timestamp 0 us"),
        Muxer(tmp_path / "made.mp4") as muxer,
    ):
        for record in source.records:
            muxer.add_chunk(record.chunk(timestamp=0), source.config)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("gap", [60, 300, 3600, 86400])
@pytest.mark.parametrize("place", [2, 40])
def test_long_gap_is_kept_or_refused(gap: int, place: int, tmp_path: Path) -> None:
    """MP4's differences have few bits; with B-frames FFmpeg ignores those of more than 28."""
    need("libx264")
    times = [index * STEP + (gap * 1_000_000 if index >= place else 0) for index in range(45)]
    path = tmp_path / "a.mp4"
    pictures = (frame_of(index, timestamp=when) for index, when in enumerate(times))
    try:
        write_frames(pictures, path)
    except InvalidArgumentError as error:
        assert place == 40 and gap >= 300
        assert "use .mkv" in str(error)
        assert not path.exists()
        return
    tick = 1 if gap == 60 or place == 40 else 1000
    shown = [frame.timestamp for frame in framemd5(path)]
    assert len(shown) == 45
    assert all(abs(have - want) <= tick for have, want in zip(shown, times, strict=True))


@pytest.mark.parametrize(
    ("codec", "name", "suffix"),
    [
        ("vp8", "libvpx", "webm"),
        ("avc1.64001E", "libx264", "mp4"),
        ("avc1.64001E", "libx264", "ts"),
        ("ffmpeg:mpeg4", "mpeg4", "avi"),
    ],
)
@pytest.mark.parametrize("later", [0, STEP])
def test_chunk_of_a_repeated_or_earlier_frame_is_refused_with_what_to_do(
    codec: str, name: str, suffix: str, later: int, tmp_path: Path
) -> None:
    need(name)
    times = [0, STEP, later, *(n * STEP for n in range(2, 9))]
    outputs = encode(settings(codec), (frame_of(n, timestamp=t) for n, t in enumerate(times)))
    path = tmp_path / f"made.{suffix}"
    with Muxer(path) as muxer:
        for chunk, metadata in outputs[:2]:
            muxer.add_chunk(chunk, metadata)
        with pytest.raises(InvalidArgumentError, match=rf"at {later} us.*repeat or go back"):
            muxer.add_chunk(*outputs[2])
        for chunk, metadata in outputs[3:]:
            muxer.add_chunk(chunk, metadata)
    assert len(packets(path)) == 9
