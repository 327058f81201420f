"""Every picture has its time, also where the container stores none; expected times are those of the
source, by arithmetic.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from clips import Clip, framemd5, passthrough, run_ffmpeg, run_ffprobe
from transcode_helpers import FAST

from ffwebcodecs import (
    Demuxer,
    EncodedVideoChunk,
    VideoDecoderConfig,
    VideoFrame,
    read_frames,
    remux,
    transcode,
    write_frames,
)
from ffwebcodecs._av.codecs import packet
from ffwebcodecs._av.files.demux import DemuxerCore

pytestmark = pytest.mark.divided

RATE = 25
COUNT = 40
MPEG4 = ("-bf", "2", "-g", "10", "-q:v", "5")
MPEG2 = ("-bf", "2", "-g", "12", "-sc_threshold", "1000000000")
X264 = ("-preset", "veryfast", "-g", "15", "-threads", "1", "-bf", "3", "-b_strategy", "0")
X265 = ("-preset", "ultrafast", "-x265-params", "log-level=error:keyint=15:bframes=4:pools=1")
# Leaves out pictures, also in a row, and among the first ones.
HOLES = "select=not(eq(n\\,2)+between(n\\,15\\,18)+eq(n\\,21))"
KEPT = [n for n in range(COUNT) if n != 2 and not 15 <= n <= 18 and n != 21]


class Source(Clip):
    """A clip of 40 pictures at 25 per second, or of what `filters` leaves of them."""

    def command(self) -> list[str]:
        source = f"testsrc2=size={self.size}:rate={RATE}:duration={COUNT / RATE}"
        chain = f"{source},{self.filters}" if self.filters else source
        return [
            *("-f", "lavfi", "-i", chain, *self.inputs, "-c:v", self.encoder, *self.options),
            *("-pix_fmt", self.pixel_format, *passthrough()),
        ]


def source(
    name: str, encoder: str, *options: str, filters: str = "", remux: tuple[str, ...] = ()
) -> Source:
    size = "720x576" if name.endswith((".gxf", ".dv")) else "64x64"
    return Source(name, encoder, *options, size=size, filters=filters, remux=remux)


UNSTORED = [
    source("mpeg4-b.avi", "mpeg4", *MPEG4),
    source("xvid-packed.avi", "libxvid", *MPEG4, "-flags", "+mv4"),
    source("mpeg2-b.avi", "mpeg2video", *MPEG2),
    source("h264-b.avi", "libx264", *X264),
    source("h264-open.avi", "libx264", *X264, "-x264-params", "open-gop=1:b-pyramid=normal"),
    source("mpeg2-b.m2v", "mpeg2video", *MPEG2),
    source("mpeg1-b.m1v", "mpeg1video", *MPEG2, "-f", "mpeg1video"),
    source("mpeg4-b.m4v", "mpeg4", *MPEG4, "-f", "m4v"),
    source("mpeg2-b.gxf", "mpeg2video", *MPEG2, "-qscale:v", "20", "-f", "gxf"),
    source("h264-b.h264", "libx264", *X264),
    source("hevc-b.hevc", "libx265", *X265),
    source("mpeg2-b.wmv", "mpeg2video", *MPEG2, "-f", "asf"),
    source("h264-b.mxf", "libx264", *X264),
    # FFmpeg's libxvid says when pictures are decoded, and the file that they are shown then.
    source("xvid-b.mp4", "libxvid", *MPEG4),
    source("xvid-b.mkv", "libxvid", *MPEG4),
]
STORED = [
    source("mpeg2-b.mpg", "mpeg2video", *MPEG2),
    source("mpeg1-b.mpg", "mpeg1video", *MPEG2),
    source("mpeg2-b.vob", "mpeg2video", *MPEG2),
    source("h264-b.mpg", "libx264", *X264),
    source("mpeg2-b.ts", "mpeg2video", *MPEG2),
    source("mpeg2-b.mxf", "mpeg2video", *MPEG2),
    source("mpeg2-b.nut", "mpeg2video", *MPEG2),
    source("mpeg4-b.mp4", "mpeg4", *MPEG4),
    source("mpeg4-b.mkv", "mpeg4", *MPEG4),
    source("h264-b.flv", "libx264", *X264),
    source("wmv2.wmv", "wmv2"),
    source("wmv2.avi", "wmv2"),
    source("mjpeg.avi", "mjpeg", "-strict", "unofficial"),
    source("huffyuv.avi", "huffyuv"),
    source("rv20.rm", "rv20"),
    source("flv1.flv", "flv"),
]
NO_B = source("h264-no-b.h264", "libx264", "-preset", "veryfast", "-bf", "0")
IN_TWO = [one for one in UNSTORED if one.name not in ("mpeg2-b.gxf", "mpeg4-b.m4v")]


def steps(times: list[int]) -> list[int]:
    return [b - a for a, b in pairwise(times)]


def shown(path: Path, **options: Any) -> list[int]:
    return [frame.timestamp for frame in read_frames(path, **options)]


def shown_by_ffprobe(path: Path) -> list[int]:
    """Return when the frames of a file of ours are shown, the first one at 0."""
    entries = ("-show_entries", "frame=best_effort_timestamp_time", "-select_streams", "v:0")
    frames = json.loads(run_ffprobe(*entries, path))["frames"]
    times = [round(float(one["best_effort_timestamp_time"]) * 1e6) for one in frames]
    return [time - times[0] for time in times]


def digest(chunk: EncodedVideoChunk) -> str:
    return hashlib.md5(chunk.data).hexdigest()


@pytest.mark.parametrize("clip", [*UNSTORED, *STORED], ids=repr)
def test_pictures_are_evenly_spaced_where_the_source_is(clip: Source) -> None:
    path = clip.path()
    times = shown(path)
    expected = [40000] * (len(framemd5(path)) - 1)
    if "packed" in clip.name:
        # The encoder gave nothing for two pictures: two empty chunks, in which the first stays.
        expected[0] = 120000
    assert steps(times) == expected
    assert times[0] == 0 or clip in STORED


@pytest.mark.parametrize("clip", [UNSTORED[1], UNSTORED[3], UNSTORED[5], STORED[0]], ids=repr)
def test_chunks_have_the_times_of_their_pictures(clip: Source) -> None:
    # A decoder gives the time of the packet back: it goes up only if all are right.
    path = clip.path()
    times = shown(path)
    with Demuxer(path) as demuxer:
        chunks = list(demuxer.chunks())
        assert [frame.timestamp for frame in read_frames(chunks, demuxer.video_config)] == times
    assert sorted(chunk.timestamp for chunk in chunks) == times
    with Demuxer(path) as demuxer:
        assert [frame.timestamp for frame in read_frames(demuxer)] == times


@pytest.mark.parametrize(
    "clip",
    [
        source("mpeg4-holes.avi", "mpeg4", *MPEG4, filters=HOLES),
        source("h264-holes.avi", "libx264", *X264, filters=HOLES),
    ],
    ids=repr,
)
def test_holes_stay_where_the_source_has_them(clip: Source) -> None:
    assert shown(clip.path()) == [40000 * n for n in KEPT]


@pytest.mark.parametrize("clip", [*IN_TWO, STORED[0], STORED[1]], ids=repr)
def test_pictures_have_the_same_times_after_a_seek(clip: Source) -> None:
    check_seeks(clip.path())


def check_seeks(path: Path) -> None:
    with Demuxer(path) as demuxer:
        times = {digest(chunk): chunk.timestamp for chunk in demuxer.chunks()}
    for start in (800_000, 0, 1_400_000, 10**9):
        with Demuxer(path) as demuxer:  # before anything was read
            for again in (start, start):
                for chunk in demuxer.chunks(again):
                    assert times[digest(chunk)] == chunk.timestamp


def test_a_stream_that_begins_between_key_frames_has_the_same_times_after_a_seek(
    tmp_path: Path,
) -> None:
    # Durations are those of 25 pictures a second from the first sequence header on only.
    data = UNSTORED[5].path().read_bytes()
    path = tmp_path / "middle.m2v"
    path.write_bytes(data[len(data) * 2 // 5 :])
    check_seeks(path)
    times = shown(path)
    for place, start in enumerate(times):
        assert shown(path, start=start) == times[place:]


def test_times_before_zero_that_matroska_loses_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "negative.mkv"
    early = ("-c", "copy", "-avoid_negative_ts", "disabled")
    run_ffmpeg("-itsoffset", "-1", "-i", STORED[8].path(), *early, path)
    assert steps(shown(path)) == [40000] * (COUNT - 1)
    check_seeks(path)


@pytest.mark.parametrize("clip", [UNSTORED[1], UNSTORED[3], UNSTORED[5], STORED[0]], ids=repr)
def test_conversions_keep_the_times(clip: Source, tmp_path: Path) -> None:
    path, copy, new = clip.path(), tmp_path / "copy.mkv", tmp_path / "new.mp4"
    times = shown(path)
    remux(path, copy)
    expected = [time - times[0] for time in times]
    assert shown_by_ffprobe(copy) == expected
    assert [one.digest for one in framemd5(copy)] == [one.digest for one in framemd5(path)]
    result = transcode(path, new, codec="h264", encoder_options=FAST)
    assert result.frames_written == len(times)
    assert shown_by_ffprobe(new) == expected


@pytest.mark.parametrize(
    ("clip", "first"),
    [
        (source("h264-b.ts", "libx264", *X264), 0),
        (source("h264-b.ts", "libx264", *X264), 3),
        (source("hevc-b.ts", "libx265", *X265), 0),
        (STORED[4], 0),
    ],
    ids=str,
)
def test_times_that_a_stream_leaves_out_are_found(clip: Source, first: int, tmp_path: Path) -> None:
    # ISO/IEC 13818-1, 2.4.3.7: the two flags of a PES header, and what they say stuffed with 0xFF.
    # A stream need say the time every 0.7 s only.
    data, at, count = bytearray(clip.path().read_bytes()), 0, 0
    while (at := data.find(b"\0\0\1\xe0", at)) >= 0:
        if count % 7 != first:
            size = 10 if data[at + 7] & 0x40 else 5
            data[at + 7] &= 0x3F
            data[at + 9 : at + 9 + size] = b"\xff" * size
        count += 1
        at += 9
    assert count == COUNT
    path = tmp_path / "sparse.ts"
    path.write_bytes(data)
    assert shown(path) == shown(clip.path())


def test_stream_that_is_not_packed_stays_as_it_is() -> None:
    clip = UNSTORED[0]
    with Demuxer(clip.path()) as demuxer:
        data = b"".join(bytes(chunk.data) for chunk in demuxer.chunks())
    assert data == run_ffmpeg("-i", clip.path(), "-map", "0:v", "-c", "copy", "-f", "data", "-")


def test_packed_pictures_come_one_by_one() -> None:
    path = UNSTORED[1].path()
    with Demuxer(path) as demuxer:
        chunks = [bytes(chunk.data) for chunk in demuxer.chunks()]
    assert {chunk.count(b"\0\0\1\xb6") for chunk in chunks} == {1}
    assert min(map(len, chunks)) > 8  # the placeholder of a picture has 6 bytes or 7
    unpack = ("-c", "copy", "-bsf:v", "mpeg4_unpack_bframes", "-f", "data", "-")
    assert b"".join(chunks) == run_ffmpeg("-i", path, "-map", "0:v", *unpack)


def test_two_pictures_of_one_chunk_have_two_times() -> None:
    clip = source("av1.ivf", "libaom-av1", "-cpu-used", "8", "-lag-in-frames", "0")
    with Demuxer(clip.path()) as demuxer:
        config = VideoDecoderConfig.parse(demuxer.video_config)
        chunks = list(demuxer.chunks())
    pairs = [
        EncodedVideoChunk(
            type=one.type,
            timestamp=one.timestamp,
            duration=80000,
            data=bytes(one.data) + bytes(other.data),
        )
        for one, other in zip(chunks[::2], chunks[1::2], strict=True)
    ]
    times = [frame.timestamp for frame in read_frames(pairs, config)]
    # Not every decoder gives the second one.
    assert times == [40000 * n for n in range(COUNT)][:: 1 if len(times) == COUNT else 2]
    # The program's own times may repeat.
    again = [
        EncodedVideoChunk(type=one.type, timestamp=7, duration=40000, data=bytes(one.data))
        for one in chunks
    ]
    assert {frame.timestamp for frame in read_frames(again, config)} == {7}


@pytest.mark.parametrize(("clip", "most"), [(NO_B, 1), (UNSTORED[9], 6)], ids=str)
def test_live_stream_waits_only_as_far_as_it_is_reordered(clip: Source, most: int) -> None:
    read, write = os.pipe()
    data = clip.path().read_bytes()
    assert len(data) < 60_000  # what a pipe holds
    os.write(write, data)
    times: list[int] = []
    source, few = f"pipe:{read}", {"probesize": "4000"}
    try:
        with (
            Demuxer(source, format="h264", options=few, timeout=0.5) as demuxer,
            pytest.raises(TimeoutError),
        ):
            times.extend(chunk.timestamp for chunk in demuxer.chunks())
    finally:
        os.close(read)
        os.close(write)
    assert COUNT - most <= len(times)


def test_packets_of_all_streams_stay_in_their_order() -> None:
    sound = ("-f", "lavfi", "-i", f"sine=duration={COUNT / RATE}")
    clip = Source("mpeg4-sound.avi", "mpeg4", *MPEG4, "-c:a", "mp2", size="64x64", inputs=sound)
    core, found = DemuxerCore(clip.path(), all_streams=True), []
    ptr = packet.allocate()
    try:
        while (index := core.read_any(ptr)) is not None:
            found.append(index)
            packet.unref(ptr)
    finally:
        core.close()
    packets = json.loads(run_ffprobe("-show_entries", "packet=stream_index", clip.path()))
    assert found == [one["stream_index"] for one in packets["packets"]]


def test_pictures_that_the_decoder_drops_move_no_others(tmp_path: Path) -> None:
    # Begins with an open group: its leading pictures cannot be decoded.
    whole, cut = UNSTORED[5].path(), tmp_path / "cut.m2v"
    with Demuxer(whole) as demuxer:
        chunks = [bytes(chunk.data) for chunk in demuxer.chunks()]
        demuxer.seek(0)
        keys = [i for i, chunk in enumerate(demuxer.chunks()) if chunk.type == "key"]
    cut.write_bytes(b"".join(chunks[keys[1] :]))
    with Demuxer(cut) as demuxer:
        times = sorted(chunk.timestamp for chunk in demuxer.chunks())
    assert times == [40000 * n for n in range(len(times))]
    frames = shown(cut)
    assert len(frames) == len(framemd5(cut))
    assert frames == times[len(times) - len(frames) :]


# ---- durations -----------------------------------------------------------------------------------

VARIABLE = f"settb=1/1000,{HOLES},setpts=PTS+mod(N\\,3)*4"
VARYING = [
    source("varying.mkv", "libx264", *X264, "-enc_time_base", "1:1000", filters=VARIABLE),
    source("varying.webm", "libvpx-vp9", "-cpu-used", "8", filters=VARIABLE),
    source("varying-mpeg4.mkv", "mpeg4", "-enc_time_base", "1:1000", filters=VARIABLE),
]
TIMES = [40000 * n + i % 3 * 4000 for i, n in enumerate(KEPT)]


@pytest.mark.parametrize("clip", VARYING, ids=repr)
def test_duration_is_the_gap_to_the_next_frame_where_that_was_read(clip: Source) -> None:
    frames = [(frame.timestamp, frame.duration) for frame in read_frames(clip.path(), threads=4)]
    assert [time for time, _ in frames] == TIMES
    known = [
        (duration, gap)
        for (_, duration), gap in zip(frames, steps(TIMES), strict=False)
        if duration != 40000
    ]
    assert all(duration == gap for duration, gap in known)
    assert len(known) >= len(TIMES) - 10  # the packets say 40 ms of each


def test_no_frame_waits_for_its_duration() -> None:
    # Without threads and without reordering a frame comes before the next packet is read.
    path = VARYING[2].path()
    frames = [(frame.timestamp, frame.duration) for frame in read_frames(path, threads=1)]
    with Demuxer(path) as demuxer:
        assert frames == [(chunk.timestamp, chunk.duration) for chunk in demuxer.chunks()]


@pytest.mark.parametrize(
    ("name", "options"), [("a.mp4", {}), ("a.mkv", {}), ("b.mp4", {"bf": "0"})]
)
def test_gaps_of_a_varying_rate_are_written(
    name: str, options: dict[str, str], tmp_path: Path
) -> None:
    path = tmp_path / name
    transcode(VARYING[0].path(), path, codec="h264", encoder_options={**FAST, **options})
    times = shown(path)
    assert all(abs(time - want) <= 1000 for time, want in zip(times, TIMES, strict=True))
    with Demuxer(path) as demuxer:
        if options:  # decoded in the order of presentation, so packets can tell
            durations = [chunk.duration or 0 for chunk in demuxer.chunks()]
            *_, last = read_frames(VARYING[0].path())
            wanted = [*steps(times), last.duration or 0]
            assert all(abs(a - b) <= 1000 for a, b in zip(durations, wanted, strict=True))


def frames_of(durations: list[int | None]) -> Iterator[VideoFrame]:
    pixels = np.zeros(64 * 64 * 3 // 2, np.uint8)
    for time, duration in zip((0, 40000, 200000), durations, strict=True):
        yield VideoFrame(
            pixels,
            format="I420",
            coded_width=64,
            coded_height=64,
            timestamp=time,
            duration=duration,
        )


@pytest.mark.parametrize("durations", [[1000, 1000, 70000], [None, 900000, 70000]])
def test_frames_are_written_with_the_gaps_whatever_they_say(
    durations: list[int | None], tmp_path: Path
) -> None:
    path = tmp_path / "a.mp4"
    options = {**FAST, "bf": "0"}
    write_frames(frames_of(durations), path, codec="h264", encoder_options=options)
    with Demuxer(path) as demuxer:
        chunks = [(chunk.timestamp, chunk.duration) for chunk in demuxer.chunks()]
    assert chunks == [(0, 40000), (40000, 160000), (200000, 70000)]
