"""Every seek is verified: what comes after it is what a linear decode shows there.

The ffmpeg program decodes each clip from its beginning and says time and digest of every picture.
"""

from __future__ import annotations

import functools
import hashlib
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attack
import pytest
from clips import B_FRAMES, CACHE, Clip, clip, framemd5, run_ffmpeg
from demux_helpers import packets
from playlist_helpers import need_format
from transcode_helpers import FAST, fast

from ffwebcodecs import (
    Demuxer,
    EncodingError,
    NotSupportedError,
    VideoFrame,
    read_frames,
    transcode,
)
from ffwebcodecs._av.files import seeking

SIZE = "64x64"
FRAMES = 90
OPEN = "open-gop=1:keyint=15:min-keyint=15:bframes=3:scenecut=0"
ONE_GROUP = ("-preset", "veryfast", "-g", "1000", "-sc_threshold", "0", "-threads", "1")
X264_OPEN = ("-preset", "veryfast", "-threads", "1", "-x264-params", OPEN)
REFRESH = "intra-refresh=1:keyint=15:scenecut=0:bframes=0"
X264_REFRESH = ("-preset", "veryfast", "-threads", "1", "-x264-params", REFRESH)
X265_OPEN = ("-preset", "ultrafast", "-x265-params", f"log-level=error:pools=1:{OPEN}")
MPEG2 = ("-q:v", "3", "-g", "12", "-bf", "2", "-threads", "1")
MPEG4 = ("-q:v", "3", "-g", "12", "-bf", "2", "-threads", "1")
SOUND = ("-f", "lavfi", "-i", "sine=duration=3")


def made(name: str, encoder: str, *options: str, **more: Any) -> Clip:
    return Clip(f"seek-{name}", encoder, *options, size=SIZE, frames=FRAMES, **more)


COPY = ("-i",)
CLIPS = [
    made("open.ts", "libx264", *X264_OPEN),
    made("open-hevc.ts", "libx265", *X265_OPEN),
    made("one-group.ts", "libx264", *ONE_GROUP),
    made("closed.m2ts", "libx264", *B_FRAMES, "-mpegts_m2ts_mode", "1"),
    made("wrap.ts", "libx264", *B_FRAMES, "-output_ts_offset", "95442"),  # 2**33 ticks: 95443.7 s
    made("sound.ts", "libx264", *B_FRAMES, "-c:a", "mp2", inputs=SOUND),
    made("mpeg2.mpg", "mpeg2video", *MPEG2),
    made("mpeg2.mov", "mpeg2video", *MPEG2),
    made("mpeg4.mp4", "mpeg4", *MPEG4),
    made("closed.flv", "libx264", *B_FRAMES),
    made("open.mkv", "libx264", *X264_OPEN),
    made("fragments.mp4", "libx264", *B_FRAMES, "-movflags", "frag_keyframe+empty_moov"),
    made("no-edit.mp4", "libx264", *X264_OPEN, "-use_editlist", "0"),
    made("open-hevc.mp4", "libx265", *X265_OPEN, "-tag:v", "hvc1"),
    made("cut.mp4", "libx264", *X264_OPEN, remux=("-ss", "0.9", "-i")),
    made("refresh.mp4", "libx264", *X264_REFRESH),
    made("refresh.ts", "libx264", *X264_REFRESH),
    made("theora.ogv", "libtheora", "-q:v", "8", "-g", "15"),
]
BY_NAME = {each.name.removeprefix("seek-"): each for each in CLIPS}
# Raw streams and AVI have no presentation times that the program could tell.
COUNTED = [
    made("open.h264", "libx264", *X264_OPEN),
    made("open.hevc", "libx265", *X265_OPEN),
    made("mpeg2.m2v", "mpeg2video", *MPEG2),
    made("mpeg4.avi", "mpeg4", *MPEG4),
    made("pipe.avi", "libx264", "-preset", "veryfast", "-g", "15", "-bf", "0", "-threads", "1"),
]


def digest(frame: VideoFrame) -> str:
    pixels = bytearray(frame.allocation_size())
    frame.copy_to(pixels)
    return hashlib.md5(pixels).hexdigest()


def shown(frames: Iterator[VideoFrame]) -> list[tuple[int, str]]:
    found = []
    for frame in frames:
        with frame:
            found.append((frame.timestamp, digest(frame)))
    return found


@functools.cache
def linear(path: Path) -> list[tuple[int, str]]:
    """Return time and digest of each frame as the ffmpeg program decodes the file."""
    return [(frame.timestamp, frame.digest) for frame in framemd5(path)]


def check_each(path: Path, expected: list[tuple[int, str]], **options: Any) -> None:
    """Ask for some frames by their own time and a little before; the last and the first two too."""
    times = [timestamp for timestamp, _ in expected]
    for index in {*range(0, len(times), 7), 1, len(times) - 1}:
        # Microseconds are rounded: one before the frame is still not the frame before.
        for start in (times[index], times[index] - 2):
            stop = times[index] + 100_000
            frames = read_frames(path, start=start, stop=stop, threads=1, **options)
            assert shown(frames) == [each for each in expected if start <= each[0] < stop], start


# ---- decoded half


@pytest.mark.divided
@pytest.mark.parametrize("made", CLIPS, ids=repr)
def test_start_gives_the_frames_that_a_linear_decode_shows(made: Clip) -> None:
    path = made.path()
    assert len(linear(path)) >= FRAMES - 30
    check_each(path, linear(path))


@pytest.mark.divided
@pytest.mark.parametrize("made", COUNTED, ids=repr)
def test_start_gives_the_pictures_where_times_are_counted(made: Clip, tmp_path: Path) -> None:
    path = made.path()
    if made.name.endswith("pipe.avi"):
        whole, path = path, tmp_path / "pipe.avi"
        path.write_bytes(run_ffmpeg("-i", whole, "-c", "copy", "-f", "avi", "-"))
    digests = [each for _, each in linear(made.path())]
    times = [timestamp for timestamp, _ in shown(read_frames(path))]
    if made.name.endswith(".h264") and times[1] == 40_000:
        pytest.skip("this FFmpeg (4.3) takes a raw stream's first frame for one of 25 a second")
    assert all(abs(t - n * 1_000_000 / 30) <= 1 for n, t in enumerate(times))
    check_each(path, list(zip(times, digests, strict=True)))


def folder_of(kind: str) -> Path:
    """Return a playlist of the clip, made first if need be."""
    source = BY_NAME["no-edit.mp4"].path()
    folder = CACHE / "clips" / f"{source.stem}-{kind}"
    name = "a.mpd" if kind == "dash" else "a.m3u8"
    if not (folder / name).exists():
        making = folder.with_name(f"making-{os.getpid()}-{folder.name}")
        making.mkdir(parents=True)
        options = {
            "ts": ("-hls_time", "1", "-hls_list_size", "0"),
            "fmp4": ("-hls_time", "1", "-hls_list_size", "0", "-hls_segment_type", "fmp4"),
            "dash": ("-seg_duration", "1"),
        }[kind]
        run_ffmpeg("-i", source, "-c", "copy", *options, making / name)
        making.rename(folder)
    return folder / name


@pytest.mark.divided
@pytest.mark.parametrize("kind", ["ts", "fmp4", "dash"])
def test_start_is_exact_in_playlists(kind: str) -> None:
    need_format("dash" if kind == "dash" else "hls")
    playlist = folder_of(kind)
    digests = [each for _, each in linear(BY_NAME["no-edit.mp4"].path())]
    found = shown(read_frames(playlist, playlists=True))
    assert [each for _, each in found] == digests
    # Fragments of open groups may give two pictures one time; the source has 30 in a second.
    first = found[0][0]
    assert all(abs(t - first - n * 1e6 / 30) < 1000 for n, (t, _) in enumerate(found))
    check_each(playlist, found, playlists=True)


@pytest.mark.parametrize("name", ["refresh.mp4", "open.ts"])
def test_start_is_exact_with_a_demuxer_too(name: str) -> None:
    expected = linear(BY_NAME[name].path())
    with Demuxer(BY_NAME[name].path()) as demuxer:
        for index in (70, 20, 44, 0, 89):
            frames = read_frames(demuxer, start=expected[index][0], threads=1)
            assert shown(frames) == expected[index:]


def test_a_recording_that_begins_between_key_frames_is_sought_in(tmp_path: Path) -> None:
    data = BY_NAME["open-hevc.ts"].path().read_bytes()
    places = len(data) // 188
    path = tmp_path / "middle.ts"
    path.write_bytes(data[: 188 * 3] + data[188 * (places // 5) :])
    frames = linear(BY_NAME["open-hevc.ts"].path())
    # What lies before the first key frame was made of pictures that are missing.
    whole = frames[30:]
    with Demuxer(path) as demuxer:
        first = next(demuxer.chunks(0))
        assert (first.type, first.timestamp) == ("key", whole[0][0])
    with Demuxer(path) as demuxer:
        assert shown(read_frames(demuxer)) == whole
    with Demuxer(path) as demuxer:
        chunks = list(demuxer.chunks(all=True))
        assert shown(read_frames(chunks, demuxer.video_config)) == whole
    for start in (None, 0, whole[0][0], whole[15][0], whole[-1][0], whole[20][0]):
        found = shown(read_frames(path, start=start, threads=1))
        assert found == [each for each in whole if each[0] >= (start or 0)]
    assert transcode(path, tmp_path / "o.mp4", encoder_options=FAST).frames_read == len(whole)


def test_of_pictures_with_one_time_the_first_comes_first() -> None:
    # A key packet at the very time is the second one where pairs lie across groups.
    pairs = ("-bsf:v", "setts=ts=floor(N/2)*80")
    options = ("-preset", "veryfast", "-bf", "0", "-sc_threshold", "0", "-threads", "1")
    for group in ("15", "1"):
        path = made(f"pairs-{group}.mkv", "libx264", "-g", group, *options, *pairs).path()
        expected = linear(path)
        times = [timestamp for timestamp, _ in expected]
        assert times == [number // 2 * 80_000 for number in range(FRAMES)]
        for place in (0, 14, 15, 30, 44, 89):
            found = shown(read_frames(path, start=times[place], stop=times[place] + 1, threads=1))
            assert found == [each for each in expected if each[0] == times[place]]


# ---- packet half


@pytest.mark.parametrize(
    "name",
    [
        *("open.ts", "open-hevc.ts", "closed.m2ts", "one-group.ts", "mpeg2.mov", "mpeg4.mp4"),
        *("closed.flv", "fragments.mp4", "no-edit.mp4", "open.mkv", "open-hevc.mp4"),
    ],
)
def test_chunks_begin_with_the_last_key_chunk_at_or_before(name: str) -> None:
    path = BY_NAME[name].path()
    found = packets(path)
    keys = [timestamp for key, timestamp, _ in found if key]
    assert keys == sorted(keys)
    with Demuxer(path) as demuxer:
        for _, timestamp, _ in found[::5]:
            for wanted in (timestamp, timestamp - 2, timestamp + 2):
                chunk = next(demuxer.chunks(wanted))
                expected = max([key for key in keys if key <= wanted], default=keys[0])
                assert (chunk.type, chunk.timestamp) == ("key", expected)


def test_nothing_is_lost_or_doubled_after_a_seek() -> None:
    path = BY_NAME["open.ts"].path()
    expected = [(timestamp, size) for _, timestamp, size in packets(path)]
    with Demuxer(path) as demuxer:
        for wanted in (2_500_000, 0, 10**12, -(10**12)):
            found = [(chunk.timestamp, chunk.byte_length) for chunk in demuxer.chunks(wanted)]
            assert found == expected[-len(found) :]
        assert len(found) == len(expected)


@pytest.mark.parametrize("name", ["open-hevc.mp4", "open.mkv"])
def test_a_seek_reads_one_packet_where_the_index_is_right(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    jumps = count_jumps(monkeypatch)
    with Demuxer(BY_NAME[name].path()) as demuxer:
        demuxer.seek(2_250_000)
        assert (len(jumps), len(demuxer._core._ready)) == (1, 1)


def count_jumps(monkeypatch: pytest.MonkeyPatch) -> list[int | None]:
    jumps: list[int | None] = []
    go_to, go_to_beginning = seeking.go_to, seeking.go_to_beginning

    def to(connection: Any, info: Any, timestamp: int) -> int:
        jumps.append(timestamp)
        return go_to(connection, info, timestamp)

    def to_beginning(connection: Any, info: Any) -> int:
        jumps.append(None)
        return go_to_beginning(connection, info)

    monkeypatch.setattr(seeking, "go_to", to)
    monkeypatch.setattr(seeking, "go_to_beginning", to_beginning)
    return jumps


def test_a_start_before_the_first_frame_is_the_beginning(monkeypatch: pytest.MonkeyPatch) -> None:
    path = BY_NAME["open.ts"].path()
    jumps = count_jumps(monkeypatch)
    assert shown(read_frames(path, start=0)) == linear(path)
    assert jumps == []  # it was there already
    with Demuxer(path) as demuxer:
        next(demuxer.chunks())
        assert shown(read_frames(demuxer, start=-1)) == linear(path)
        assert jumps == [None]


def test_steps_back_grow_until_they_end(monkeypatch: pytest.MonkeyPatch) -> None:
    path = BY_NAME["one-group.ts"].path()
    jumps = count_jumps(monkeypatch)
    with Demuxer(path) as demuxer:
        start = linear(path)[-1][0]
        assert next(demuxer.chunks(start)).timestamp == linear(path)[0][0]
        back = [start - jump for jump in jumps if jump is not None]
        assert back == [0, 500_000, 1_000_000, 2_000_000]
        assert jumps[4:] in ([], [None])


@pytest.mark.parametrize("start", [10**18, 2**63 - 1])
def test_a_start_behind_the_end_gives_no_frame(start: int) -> None:
    for name in ("open.ts", "closed.flv", "open-hevc.mp4"):
        assert shown(read_frames(BY_NAME[name].path(), start=start)) == []


@pytest.mark.parametrize("suffix", ["png", "jpg"])
def test_the_one_picture_of_a_file_comes_again(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"one.{suffix}"
    run_ffmpeg("-f", "lavfi", "-i", "testsrc2=size=64x64", "-frames:v", "1", path)
    for source in (path, path.read_bytes()):
        with Demuxer(source) as demuxer:
            [first] = demuxer.chunks()
            [again] = demuxer.chunks(0)
            demuxer.seek(0)
            [once_more] = demuxer.chunks()
            data = path.read_bytes()
            assert bytes(first.data) == bytes(again.data) == bytes(once_more.data) == data


@pytest.mark.parametrize("name", ["open.ts", "mpeg2.mpg", "theora.ogv", "fragments.mp4"])
def test_start_works_on_a_pipe_that_has_not_been_read(name: str) -> None:
    path = BY_NAME[name].path()
    reading, writing = os.pipe()

    def write() -> None:
        with open(writing, "wb") as pipe, open(path, "rb") as file:
            pipe.write(file.read())

    thread = threading.Thread(target=write)
    thread.start()
    try:
        start = linear(path)[40][0]
        assert shown(read_frames(f"pipe:{reading}", start=start)) == linear(path)[40:]
    finally:
        os.close(reading)
        thread.join(10)


# ---- conversions


@pytest.mark.filterwarnings("ignore:.*cannot say which samples")
@pytest.mark.parametrize("name", ["sound.ts", "open.ts", "refresh.mp4"])
def test_a_part_is_transcoded_whole(name: str, tmp_path: Path) -> None:
    path = BY_NAME[name].path()
    start = linear(path)[40][0]
    wanted = [each for each in linear(path) if start <= each[0] < start + 1_000_000]
    with Demuxer(path) as demuxer:
        begin = start - demuxer.origin
    result = fast(tmp_path / "a.mkv", path, start=begin, stop=begin + 1_000_000, audio="copy")
    assert result.frames_written == len(wanted) == 30
    if name == "sound.ts":
        found = [t for _, t, _ in packets(path, "a:0") if start <= t < start + 1_000_000]
        assert len(packets(tmp_path / "a.mkv", "a:0")) == len(found) > 30


# ---- damage


@pytest.mark.attack
@pytest.mark.filterwarnings("ignore:.*ends early:UserWarning")
def test_seeks_in_damaged_files_end() -> None:
    dice = attack.dice("damaged seeks")
    tries = attack.rounds(12, 600)
    for _ in range(tries):
        path = BY_NAME[dice.choice(("sound.ts", "mpeg2.mpg", "closed.flv", "fragments.mp4"))].path()
        data = bytearray(path.read_bytes())
        for _ in range(dice.choice((1, 20, 200))):
            data[dice.randrange(600, len(data))] = dice.randrange(256)
        if dice.random() < 0.5:
            del data[dice.randrange(len(data) // 2, len(data)) :]
        try:
            with Demuxer(data) as demuxer:
                for _ in range(3):
                    start = dice.randrange(-(10**6), 5 * 10**6)
                    chunk = next(demuxer.chunks(start), None)
                    assert chunk is None or chunk.byte_length >= 0
                    frame = next(read_frames(demuxer, start=start, threads=1), None)
                    if frame is not None:
                        assert frame.timestamp >= start
                        frame.close()
        except (EncodingError, NotSupportedError):
            pass


def test_mp4_with_sound_is_sought_in_as_before() -> None:
    path = clip("h264-with-audio.mp4")
    check_each(path, linear(path))
