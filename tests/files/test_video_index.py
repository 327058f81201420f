"""VideoIndex: the frames that a linear decode by the ffmpeg program gives, from packets alone."""

from __future__ import annotations

import io
import os
import pickle
import threading
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from clips import (
    B_FRAMES,
    BY_NAME,
    CACHE,
    CLIPS,
    VPX,
    Clip,
    clip,
    encoders,
    ffmpeg_version,
    framemd5,
    run_ffmpeg,
)
from demux_helpers import packets
from field_pairs import stream

from ffwebcodecs import (
    Demuxer,
    EncodedVideoChunk,
    InvalidArgumentError,
    NotSupportedError,
    VideoIndex,
    read_frames,
)
from ffwebcodecs._av.files.demux import DemuxerCore
from ffwebcodecs._av.files.scan import scan
from ffwebcodecs._spec.codecs.av1 import iter_obus
from ffwebcodecs._spec.files.packet_table import PacketTable, microseconds

OPEN_264 = ("-preset", "veryfast", "-threads", "1", "-bf", "2")
OPEN_264 += ("-x264-params", "open-gop=1:keyint=12:min-keyint=12:scenecut=0")
OPEN_265 = ("-preset", "ultrafast", "-x265-params")
OPEN_265 += ("log-level=error:open-gop=1:keyint=12:min-keyint=12:bframes=3:scenecut=0:pools=1",)
REFRESH = ("-preset", "veryfast", "-threads", "1", "-bf", "0")
REFRESH += ("-x264-params", "intra-refresh=1:keyint=12")
OPEN_2 = ("-bf", "2", "-g", "12")
LATER = ("-ss", "0.7", "-i")  # the copy begins with a later key packet
SMALL: dict[str, Any] = {"size": "64x64", "frames": 45}

# Streams that begin with pictures which refer to what is not there.
CUT = [
    Clip("h264-open-cut.ts", "libx264", *OPEN_264, remux=("-ss", "0.3", "-i"), **SMALL),
    Clip("h264-open-cut.mkv", "libx264", *OPEN_264, remux=LATER, **SMALL),
    Clip("h264-open-cut.mp4", "libx264", *OPEN_264, remux=LATER, **SMALL),
    Clip("hevc-open-cut.ts", "libx265", *OPEN_265, remux=LATER, **SMALL),
    Clip("hevc-open-cut.mkv", "libx265", *OPEN_265, remux=LATER, **SMALL),
    Clip("hevc-open-cut.mp4", "libx265", *OPEN_265, "-tag:v", "hvc1", remux=LATER, **SMALL),
    Clip("mpeg2-open-cut.ts", "mpeg2video", *OPEN_2, remux=LATER, **SMALL),
    Clip("mpeg2-open-cut.mkv", "mpeg2video", *OPEN_2, remux=LATER, **SMALL),
    Clip("mpeg2-open-cut.m2v", "mpeg2video", *OPEN_2, remux=LATER, has_timestamps=False, **SMALL),
    Clip("h264-refresh-cut.mkv", "libx264", *REFRESH, remux=LATER, **SMALL),
]
OTHERS = [
    Clip("h264-open.flv", "libx264", *OPEN_264, **SMALL),
    Clip("h264-frag.mp4", "libx264", *B_FRAMES, "-movflags", "frag_keyframe+empty_moov", **SMALL),
    Clip("mpeg2.mpg", "mpeg2video", *OPEN_2, **SMALL),
    # Several pictures lie in a PES packet, which has a time for one of them.
    Clip("h264-b.mpg", "libx264", *B_FRAMES, has_timestamps=False, **SMALL),
    Clip("h264-no-b.mpg", "libx264", "-preset", "veryfast", "-bf", "0", **SMALL),
    Clip("mpeg2.avi", "mpeg2video", *OPEN_2, has_timestamps=False, **SMALL),
    Clip("mpeg4-b.avi", "mpeg4", "-bf", "2", has_timestamps=False, **SMALL),
    Clip("mpeg4-b.mkv", "mpeg4", "-bf", "2", **SMALL),
    Clip("mjpeg.avi", "mjpeg", has_timestamps=False, **SMALL),
    Clip("animated.gif", "gif", **SMALL, pixel_format="rgb8"),
    Clip("vp8-b.mkv", "libvpx", *VPX, **SMALL),
]
ALL = [*CLIPS, *CUT, *OTHERS]


# ---- frames --------------------------------------------------------------------------------------


@pytest.mark.divided
@pytest.mark.parametrize("one", ALL, ids=repr)
def test_the_frames_are_those_of_a_linear_decode(one: Clip) -> None:
    path = one.path()
    decoded = framemd5(path)
    index = VideoIndex(path)
    assert len(index) == len(decoded)
    if one.has_timestamps:
        assert index.timestamps.tolist() == [frame.timestamp for frame in decoded]
    assert (np.diff(index.timestamps) > 0).all()
    assert (index.durations > 0).all()
    assert index.problem is None


def test_key_frames_and_packets_are_those_of_the_ffprobe_program() -> None:
    path = clip("h264-bframes.mkv")
    index, found = VideoIndex(path), packets(path)
    assert index.packet_count == len(found)
    keys = {timestamp for key, timestamp, _ in found if key}
    assert set(index.timestamps[index.key_frames].tolist()) == keys
    assert index.time_base == (1, 1000)
    assert index.frame_rate == pytest.approx(30, rel=1e-3)
    assert index.duration == pytest.approx(1_500_000, abs=1000)
    assert repr(index) == "<VideoIndex 45 frames, 3 of them keys, 1.500 s>"


def test_a_capture_that_begins_between_key_frames_has_the_frames_from_the_first_one_on(
    tmp_path: Path,
) -> None:
    path = tmp_path / "middle.ts"
    data = clip("h264-bframes.ts").read_bytes()
    path.write_bytes(data[len(data) // 3 // 188 * 188 :])
    index = VideoIndex(path)
    assert index.timestamps.tolist() == [frame.timestamp for frame in framemd5(path)]
    assert index.key_frames[0]


@pytest.mark.parametrize(
    ("name", "format"), [("h264-open-cut.ts", "h264"), ("hevc-open-cut.ts", "hevc")]
)
def test_a_raw_stream_that_begins_with_leading_pictures(
    name: str, format: str, tmp_path: Path
) -> None:
    container = next(one for one in CUT if one.name == name).path()
    path = tmp_path / f"raw.{format}"
    run_ffmpeg("-i", container, "-c", "copy", "-f", format, path)
    index = VideoIndex(path)
    assert len(index) == len(framemd5(container)) < index.packet_count
    assert (np.diff(index.timestamps) > 0).all()


def test_a_key_packet_after_which_pictures_get_right_later_is_no_place_to_begin() -> None:
    # An intra refresh begins with an IDR picture; recovery points follow, which FFmpeg calls keys.
    path = Clip("h264-refresh.ts", "libx264", *REFRESH, **SMALL).path()
    assert sum(key for key, _, _ in packets(path)) > 1
    index = VideoIndex(path)
    assert np.flatnonzero(index.key_frames).tolist() == [0]
    (only,) = index.split(3)
    assert (only.start, only.stop, only.first_packet) == (0, 45, 0)
    of_chunks = VideoIndex.from_chunks(*chunks_of(path))
    assert np.flatnonzero(of_chunks.key_frames).tolist() == [0]


def test_two_recordings_in_one_file_keep_their_order(tmp_path: Path) -> None:
    path = tmp_path / "twice.ts"
    path.write_bytes(clip("h264-bframes.ts").read_bytes() * 2)
    index = VideoIndex(path)
    once = VideoIndex(clip("h264-bframes.ts")).timestamps.tolist()
    assert index.timestamps.tolist() == once * 2
    assert (index.durations > 0).all()
    assert [each.start for each in index.split(2)] == [0, 45]
    assert index.split(np.int64(2)) == index.split(2)  # type: ignore[arg-type]


@pytest.mark.parametrize("container", ["ts", "mkv"])
def test_two_fields_in_two_packets_are_one_frame(container: str, tmp_path: Path) -> None:
    raw, path = tmp_path / "fields.h264", tmp_path / f"fields.{container}"
    raw.write_bytes(stream(12))
    run_ffmpeg("-r", "25", "-f", "h264", "-i", raw, "-c", "copy", path)
    index = VideoIndex(path)
    assert index.packet_count == 20
    assert len(index) == len(framemd5(path)) == 12
    assert index.timestamps.tolist() == [frame.timestamp for frame in framemd5(path)]
    chunks, config = chunks_of(path)
    assert VideoIndex.from_chunks(chunks, config).timestamps.tolist() == index.timestamps.tolist()


def test_the_arrays_cannot_be_written() -> None:
    index = VideoIndex(clip("vp8.webm"))
    for name, dtype in (("timestamps", "int64"), ("durations", "int64"), ("key_frames", "bool")):
        column = getattr(index, name)
        assert column.dtype == dtype
        assert column.shape == (len(index),)
        with pytest.raises(ValueError, match="read-only"):
            column[0] = 1


def test_a_source_may_be_bytes_or_a_file_object() -> None:
    path = clip("h264-bframes.mp4")
    data = path.read_bytes()
    index = VideoIndex(path)
    with path.open("rb") as file:
        assert VideoIndex(data) == VideoIndex(io.BytesIO(data)) == VideoIndex(file) == index


def test_a_pipe_is_indexed_too() -> None:
    path = clip("h264-bframes.mkv")
    reading, writing = os.pipe()

    def feed() -> None:
        with open(writing, "wb") as file:
            file.write(path.read_bytes())

    feeder = threading.Thread(target=feed)
    feeder.start()
    try:
        index = VideoIndex(f"pipe:{reading}", timeout=60)
        assert index.timestamps.tolist() == VideoIndex(path).timestamps.tolist()
    finally:
        feeder.join()
        os.close(reading)


def test_what_comes_before_damage_is_kept_and_the_damage_told(tmp_path: Path) -> None:
    path = tmp_path / "cut.mp4"
    run_ffmpeg("-i", clip("h264-bframes.mp4"), "-c", "copy", "-movflags", "faststart", path)
    whole = VideoIndex(path)
    path.write_bytes(path.read_bytes()[: -path.stat().st_size // 2])
    cut = VideoIndex(path)
    assert 0 < len(cut) < len(whole)
    assert set(cut.timestamps.tolist()) < set(whole.timestamps.tolist())


def test_no_video_is_refused_as_the_demuxer_does(tmp_path: Path) -> None:
    path = tmp_path / "sound.mka"
    run_ffmpeg("-f", "lavfi", "-i", "sine=duration=0.1", path)
    with pytest.raises(NotSupportedError):
        VideoIndex(path)
    with pytest.raises(OSError, match="no-such"):
        VideoIndex(tmp_path / "no-such.mp4")


def table_of(path: Path, change: Any = None) -> PacketTable:
    core = DemuxerCore(path)
    try:
        if change is not None:
            change(core)
        return scan(core)
    finally:
        core.close()


@pytest.mark.parametrize(
    "name",
    (
        *("h264-with-audio.mp4", "h264-open-cut.ts", "mpeg2.mpg", "mpeg2.avi", "mpeg4-b.avi"),
        *("mpeg4-b.mkv", "mpeg2-open-cut.m2v", "vp8-b.mkv"),
        *("h264-b.mpg", "h264-no-b.mpg"),
    ),
)
def test_both_ways_of_reading_find_what_the_demuxer_gives(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = next(one for one in (*ALL, *BY_NAME.values()) if one.name == name).path()

    def wait(core: DemuxerCore) -> None:
        # As where something may have to be waited for.
        monkeypatch.setattr(core, "_read_frame", partial(core._read_frame))

    table = table_of(path)
    assert table_of(path, wait) == table
    # Packet by packet:
    with Demuxer(path) as demuxer:
        chunks = list(demuxer.chunks(all=True))
    assert table.size.tolist() == [chunk.byte_length for chunk in chunks]
    times = microseconds(table.presentation, table.time_base).tolist()
    assert times == [chunk.timestamp for chunk in chunks]


@pytest.mark.parametrize(("name", "first"), [("h264-b.mpg", 17), ("h264-no-b.mpg", 15)])
def test_several_pictures_in_one_packet_of_a_program_stream(name: str, first: int) -> None:
    # The ffmpeg program gives its last frame the time of the one before.
    path = next(one for one in ALL if one.name == name).path()
    times = [round((first + number) * 1e6 / 30) for number in range(45)]
    assert VideoIndex(path).timestamps.tolist() == times
    assert [frame.timestamp for frame in read_frames(path)] == times


def test_what_ends_a_sequence_is_no_frame() -> None:
    path = Clip("vc2.drc", "vc2", **SMALL, pixel_format="yuv420p", has_timestamps=False).path()
    index = VideoIndex(path)
    assert index.packet_count == 46
    assert len(index) == len(framemd5(path)) == 45


# ---- chunks --------------------------------------------------------------------------------------


def chunks_of(path: Path) -> tuple[list[EncodedVideoChunk], Any]:
    with Demuxer(path) as demuxer:
        return list(demuxer.chunks()), demuxer.video_config


def changed(chunk: EncodedVideoChunk, data: bytes) -> EncodedVideoChunk:
    return EncodedVideoChunk(
        type=chunk.type, timestamp=chunk.timestamp, duration=chunk.duration, data=data
    )


def decoded(chunks: list[EncodedVideoChunk], config: Any) -> list[int]:
    times = []
    for frame in read_frames(chunks, config):
        times.append(frame.timestamp)
        frame.close()
    return times


@pytest.mark.parametrize(
    "name", ["h264-open-cut.ts", "hevc-open-cut.ts", "mpeg2-open-cut.ts", "h264-refresh-cut.mkv"]
)
def test_chunks_have_the_frames_that_decoding_them_gives(name: str) -> None:
    path = next(one for one in ALL if one.name == name).path()
    chunks, config = chunks_of(path)
    index = VideoIndex.from_chunks(chunks, config)
    assert index.timestamps.tolist() == decoded(chunks, config)
    assert index.timestamps.tolist() == VideoIndex(path).timestamps.tolist()
    # Without a configuration all chunks are taken for pictures.
    assert len(VideoIndex.from_chunks(iter(chunks))) == len(chunks)


def test_no_chunk_is_no_frame() -> None:
    for nothing in ([], {"timestamp": [], "key": []}):
        index = VideoIndex.from_chunks(nothing)
        assert (len(index), index.duration, index.split(2)) == (0, 0, [])


def test_columns_say_what_chunks_say() -> None:
    chunks, _ = chunks_of(clip("h264-bframes.mp4"))
    columns = {
        "timestamp": [chunk.timestamp for chunk in chunks],
        "key": np.array([chunk.type == "key" for chunk in chunks]),
        "duration": [chunk.duration for chunk in chunks],
        "size": [chunk.byte_length for chunk in chunks],
    }
    index = VideoIndex.from_chunks(columns)
    assert index == VideoIndex.from_chunks(chunks)
    assert index.duration == 1_500_000
    del columns["duration"], columns["size"]
    assert VideoIndex.from_chunks(columns).timestamps.tolist() == index.timestamps.tolist()


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ({"timestamp": [0]}, "no column 'key'"),
        ({"key": [True]}, "no column 'timestamp'"),
        ({"timestamp": [0, 1], "key": [True]}, "one value for each of 2 chunks"),
        ({"timestamp": [0.5], "key": [True]}, "whole numbers"),
        ({"timestamp": [[0]], "key": [True]}, "shape"),
        ({"timestamp": [2**63 - 1], "key": [True]}, "out of range"),
        ({"timestamp": [0], "key": [True], "duration": [-1]}, "out of range"),
        ({"timestamp": [0], "key": [True], "size": [2**40]}, "column 'size' .* from -2147483648"),
        ({"timestamp": np.array([2**64 - 1], np.uint64), "key": [True]}, "'timestamp' must be"),
        ({"timestamp": [-(2**63)], "key": [True]}, "out of range"),
        ({"timestamp": 5, "key": True}, "shape"),
        (None, "EncodedVideoChunks, got None"),
        ([b"no chunk"], "b'no chunk'"),
    ],
)
def test_columns_that_do_not_fit_are_refused(columns: Any, words: str) -> None:
    with pytest.raises(InvalidArgumentError, match=words):
        VideoIndex.from_chunks(columns)


def test_vp8_references_that_are_not_shown_are_no_frames() -> None:
    chunks, config = chunks_of(clip("vp8.webm"))
    for number in (3, 4, 20):
        data = bytearray(bytes(chunks[number].data))
        data[0] &= ~0x10  # show_frame
        chunks[number] = changed(chunks[number], bytes(data))
    index = VideoIndex.from_chunks(chunks, config)
    assert len(index) == len(chunks) - 3
    assert index.timestamps.tolist() == decoded(chunks, config)


def two_pass(encoder: str) -> Path:
    """Return a clip with references that are not shown: libvpx makes them in two passes only."""
    if encoder not in encoders():
        pytest.skip(f"the ffmpeg program has no encoder {encoder}")
    path = CACHE / "clips" / f"two-pass-{encoder}-{'.'.join(map(str, ffmpeg_version()))}.webm"
    if not path.exists():
        made = path.with_name(f"making-{os.getpid()}-{path.name}")
        source = ("-f", "lavfi", "-i", "testsrc2=size=64x64:rate=30", "-frames:v", "60")
        options = ("-c:v", encoder, "-auto-alt-ref", "1", "-lag-in-frames", "16", "-cpu-used", "4")
        options += ("-b:v", "60k", "-g", "60", "-threads", "1", "-passlogfile", f"{made}.log")
        run_ffmpeg(*source, *options, "-pass", "1", "-f", "null", "-")
        run_ffmpeg(*source, *options, "-pass", "2", made)
        made.rename(path)
        for log in path.parent.glob(f"{made.name}.log*"):
            log.unlink()
    return path


def test_a_file_with_vp8_references_that_are_not_shown() -> None:
    path = two_pass("libvpx")
    index = VideoIndex(path)
    assert index.packet_count > len(index) == 60
    assert index.timestamps.tolist() == [frame.timestamp for frame in framemd5(path)]


def test_vp9_references_that_are_not_shown_are_no_frames() -> None:
    chunks, config = chunks_of(two_pass("libvpx-vp9"))
    split = []
    for chunk in chunks:
        # Annex B: the last byte says how many frames there are, and of how many bytes a size is.
        data = bytes(chunk.data)
        frames, width = (data[-1] & 7) + 1, (data[-1] >> 3 & 3) + 1
        end = len(data) - 2 - frames * width
        if data[-1] & 0xE0 != 0xC0 or data[end] != data[-1]:
            split.append(chunk)
            continue
        at = 0
        for i in range(frames):
            place = end + 1 + i * width
            size = int.from_bytes(data[place : place + width], "little")
            split.append(changed(chunk, data[at : at + size]))
            at += size
    assert len(split) > len(chunks)
    assert len(VideoIndex.from_chunks(split, config)) == len(chunks) == len(decoded(split, config))


def test_av1_references_that_are_not_shown_are_no_frames() -> None:
    hidden = Clip("av1-hidden.mkv", "libaom-av1", "-cpu-used", "8", "-lag-in-frames", "16", **SMALL)
    chunks, config = chunks_of(hidden.path())
    split = []
    for chunk in chunks:
        # Each frame goes with the units before it into a chunk of its own.
        data, begin = bytes(chunk.data), 0
        for kind, payload in iter_obus(data):
            if kind in (3, 6):
                end = data.index(bytes(payload), begin) + len(payload)
                split.append(changed(chunk, data[begin:end]))
                begin = end
    assert len(split) > len(chunks)
    assert len(VideoIndex.from_chunks(split, config)) == len(chunks)


def test_mpeg4_placeholders_are_no_frames() -> None:
    chunks, config = chunks_of(BY_NAME["mpeg4.avi"].path())
    # Time of five bits for 30 ticks a second; vop_coded is 0.
    empty = b"\0\0\1\xb6" + int("0101" + "00000" + "10" + "01111", 2).to_bytes(2, "big")
    for number in (5, 6, 30):
        assert chunks[number].type == "delta"
        chunks[number] = changed(chunks[number], empty)
    index = VideoIndex.from_chunks(chunks, config)
    assert index.timestamps.tolist() == decoded(chunks, config)
    assert len(index) == len(chunks) - 3


# ---- ranges --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["h264-bframes.mp4", "h264-open.flv", "hevc-open-cut.mkv"])
def test_each_range_is_decoded_by_itself(name: str) -> None:
    path = next(one for one in ALL if one.name == name).path()
    index = VideoIndex(path)
    linear = framemd5(path)
    ranges = index.split(3)
    assert [each.start for each in ranges] == [0, *(each.stop for each in ranges[:-1])]
    assert ranges[-1].stop == len(index)
    assert len(ranges) == 3
    chunks, config = chunks_of(path)
    for each in ranges:
        assert each.is_closed
        assert each.key_timestamp == each.timestamp == index.timestamps[each.start]
        assert len(each) == each.stop - each.start
        times = decoded(chunks[each.first_packet : each.stop_packet], config)
        own = [time for time in times if each.timestamp <= time < each.end]
        assert own == [frame.timestamp for frame in linear[each.start : each.stop]]
    assert pickle.loads(pickle.dumps(ranges)) == ranges


def test_there_are_no_more_ranges_than_key_frames() -> None:
    index = VideoIndex(clip("h264-bframes.mp4"))
    assert [each.start for each in index.split(100)] == [0, 15, 30]
    (only,) = index.split(1)
    assert (only.start, only.stop, only.stop_packet) == (0, 45, 45)
    for count in (0, -1, 1.5, "2"):
        with pytest.raises(InvalidArgumentError, match="count"):
            index.split(count)  # type: ignore[arg-type]
