"""Demuxer: every kind of source, seeking, unusual containers; figures are ffprobe's."""

from __future__ import annotations

import gc
import io
import json
import os
import random
import shutil
import struct
import subprocess
import threading
import warnings
from collections.abc import Iterator
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from clips import FRAMES, VARIABLE, X264, Clip, clip, run_ffmpeg

import ffwebcodecs
from ffwebcodecs import (
    Demuxer,
    EncodedVideoChunk,
    EncodingError,
    InvalidArgumentError,
    InvalidStateError,
    NotSupportedError,
    VideoDecoder,
    WebCodecsError,
    read_frames,
)

NAME = "h264-bframes.mp4"


def packets(path: Path, stream: str = "v:0") -> list[tuple[bool, int, int]]:
    """Return key flag, timestamp in microseconds and size of each packet, as ffprobe has them."""
    program = shutil.which("ffprobe")
    if program is None:
        pytest.skip("the ffprobe program is not on PATH")
    command = [program, "-loglevel", "error", "-select_streams", stream, "-of", "json"]
    found = json.loads(
        subprocess.run(
            [*command, "-show_packets", "-show_streams", path], capture_output=True, check=True
        ).stdout
    )
    base = Fraction(found["streams"][0]["time_base"]) * 1_000_000
    return [("K" in p["flags"], rounded(p["pts"] * base), int(p["size"])) for p in found["packets"]]


def rounded(exact: Fraction) -> int:
    whole = int(abs(exact) + Fraction(1, 2))
    return whole if exact >= 0 else -whole


def described(chunk: EncodedVideoChunk) -> tuple[bool, int, int]:
    return chunk.type == "key", chunk.timestamp, chunk.byte_length


def chunks(source: Any) -> list[tuple[bool, int, int]]:
    with Demuxer(source) as demuxer:
        return list(map(described, demuxer.chunks()))


def open_files() -> int:
    return len(os.listdir("/proc/self/fd"))


# ---- sources -------------------------------------------------------------------------------------


class Pipe(io.RawIOBase):
    """A reader that cannot seek and gives little at a time, as sockets do."""

    def __init__(self, data: bytes) -> None:
        self._rest = memoryview(data)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        count = min(len(buffer), 1000, len(self._rest))
        buffer[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        return count


@pytest.mark.parametrize("name", [NAME, "vp9.webm", "h264-bframes.ts", "h264-bframes.h264"])
def test_every_kind_of_source_gives_the_same_chunks(name: str, tmp_path: Path) -> None:
    path = clip(name)
    data = path.read_bytes()
    expected = chunks(path)
    padded = tmp_path / "padded"
    padded.write_bytes(b"x" * 100 + data)
    with path.open("rb") as file, padded.open("rb") as later, path.open("rb", 0) as unbuffered:
        later.seek(100)
        sources: list[Any] = [
            *(str(path), os.fspath(path), data, bytearray(data), memoryview(data)),
            memoryview(b"x" + data)[1:],
            *(file, later, unbuffered, io.BytesIO(data), Pipe(data)),
        ]
        for source in sources:
            assert chunks(source) == expected, type(source)
        assert not file.closed


def test_real_pipe() -> None:
    path = clip(NAME)
    with subprocess.Popen(["cat", path], stdout=subprocess.PIPE) as process:
        assert chunks(process.stdout) == chunks(path)


def test_path_object_that_gives_bytes() -> None:
    class BytesPath:
        def __fspath__(self) -> bytes:
            return os.fsencode(clip(NAME))

    assert len(chunks(BytesPath())) == FRAMES


@pytest.mark.parametrize(
    "name",
    [
        *("a:b.mp4", "12:34 100%d.mp4", "%03d.mp4", "ünïcødé 影片 🎬.mp4", "-i.mp4", "a?b&c#d.mp4"),
        *("pipe:0", "concat:x|y.mp4", "http:x.mp4", "data:,x.mp4", "quote'\".mp4", " .mp4"),
    ],
)
def test_names_of_all_kinds(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copy(clip(NAME), tmp_path / name)
    assert len(chunks(tmp_path / name)) == FRAMES
    monkeypatch.chdir(tmp_path)
    assert len(chunks(name)) == FRAMES


def test_name_that_is_no_unicode(tmp_path: Path) -> None:
    path = os.fsdecode(os.fsencode(tmp_path) + b"/\xff\xfe.mp4")
    shutil.copy(clip(NAME), path)
    assert len(chunks(path)) == FRAMES


def test_what_cannot_be_opened(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError) as missing:
        Demuxer(tmp_path / "missing.mp4")
    assert missing.value.filename == str(tmp_path / "missing.mp4")
    with pytest.raises(OSError):
        Demuxer(tmp_path)
    empty = tmp_path / "empty.mp4"
    empty.touch()
    with pytest.raises(EncodingError, match=r"empty\.mp4"):
        Demuxer(empty)
    text = tmp_path / "text.mp4"
    text.write_text("This is a text. " * 1000)
    with pytest.raises(WebCodecsError, match=r"text\.mp4"):
        Demuxer(text)


def test_what_is_no_source() -> None:
    for source in (None, 3, 3.5, object(), ["a"], io.StringIO("text"), "null\0character"):
        with pytest.raises(InvalidArgumentError):
            Demuxer(source)


def test_str_file_object_is_told_how_to_open_it() -> None:
    with (
        Path(__file__).open(encoding="utf-8") as file,
        pytest.raises(InvalidArgumentError, match="rb"),
    ):
        Demuxer(file)


class Failing:
    def __init__(self, blocks: list[Any]) -> None:
        self._blocks = iter(blocks)

    def read(self, size: int) -> Any:
        block = next(self._blocks)
        if isinstance(block, BaseException):
            raise block
        return block


def test_error_of_the_file_object_comes_out_and_leaves_no_file_open() -> None:
    before = open_files()
    for error in (OSError("disk"), KeyboardInterrupt(), ZeroDivisionError()):
        with pytest.raises(type(error)):
            Demuxer(Failing([b"data", error]))
    with pytest.raises(InvalidArgumentError):
        Demuxer(Failing([b"data", "text"]))
    with pytest.raises(TypeError):
        Demuxer(Failing([b"data", 5]))
    gc.collect()
    assert open_files() == before


def test_no_file_stays_open() -> None:
    data, before = clip(NAME).read_bytes(), open_files()
    for source in (data, clip(NAME), io.BytesIO(data)):
        demuxer = Demuxer(source)
        assert open_files() > before
        demuxer.close()
        demuxer.close()
        assert open_files() == before
    for bad in (b"", b"junk" * 100, data[:100]):
        with pytest.raises(WebCodecsError):
            Demuxer(bad)
    read_frames(data)  # never begun
    gc.collect()
    assert open_files() == before


def test_dropped_demuxer_warns_and_frees() -> None:
    before = open_files()
    for source in (clip(NAME), clip(NAME).read_bytes()):
        with pytest.warns(ResourceWarning, match="unclosed demuxer"):
            Demuxer(source)
        assert open_files() == before
    assert not any(ffwebcodecs.open_handles().values())


# ---- reading and seeking -------------------------------------------------------------------------


def test_use_after_close() -> None:
    demuxer = Demuxer(clip(NAME))
    running = demuxer.chunks()
    next(running)
    demuxer.close()
    assert demuxer.closed
    for use in (lambda: next(running), demuxer.chunks, lambda: demuxer.seek(0), demuxer.__enter__):
        with pytest.raises(InvalidStateError):
            use()
    assert "closed" in repr(demuxer)


def test_second_iteration_goes_on_where_the_first_stopped() -> None:
    expected = chunks(clip(NAME))
    with Demuxer(clip(NAME)) as demuxer:
        first = demuxer.chunks()
        times = [next(first).timestamp for _ in range(5)]
        times += [chunk.timestamp for chunk in demuxer.chunks()]
        assert times == [timestamp for _, timestamp, _ in expected]
        assert list(demuxer.chunks()) == []
        assert len(list(demuxer.chunks(start=0))) == len(expected)


# Key frames lie at 0, 0.5 and 1 second.
SEEKS = [
    *((0, 0), (1, 0), (499_999, 0), (500_000, 500_000), (500_001, 500_000), (999_999, 500_000)),
    *((1_000_000, 1_000_000), (1_499_999, 1_000_000), (10**9, 1_000_000), (2**62, 1_000_000)),
    *((-1, 0), (-(10**9), 0), (-(2**62), 0)),
]


@pytest.mark.parametrize("name", [NAME, "h264-bframes.mkv", "vp9.webm", "h264-bframes.mov"])
def test_seek_finds_the_last_key_chunk_at_or_before(name: str) -> None:
    times = [timestamp for key, timestamp, _ in packets(clip(name)) if key]
    with Demuxer(clip(name)) as demuxer:
        for target, _ in random.Random(1).sample(SEEKS, len(SEEKS)):
            expected = max([t for t in times if t <= target], default=times[0])
            demuxer.seek(target)
            found = next(demuxer.chunks())
            assert (found.type, found.timestamp) == ("key", expected), target
            found = next(demuxer.chunks(start=target))
            assert (found.type, found.timestamp) == ("key", expected), target


@pytest.mark.parametrize("name", ["h264-bframes.ts", "h264.avi", "vp8.ivf", "h264-bframes.h264"])
def test_seek_to_the_start_works_in_plainer_containers_too(name: str) -> None:
    with Demuxer(clip(name)) as demuxer:
        first = [(c.timestamp, bytes(c.data)) for c in demuxer.chunks()]
        demuxer.seek(0)
        again = [(c.timestamp, bytes(c.data)) for c in demuxer.chunks()]
    assert [data for _, data in again] == [data for _, data in first]
    # FFmpeg 4.3 takes a raw stream's first frame for one of 25 a second, until it knows the rate.
    slack = 10_000 if name.endswith(".h264") else 0
    assert all(abs(a[0] - b[0]) <= slack for a, b in zip(again, first, strict=True))


@pytest.mark.parametrize("value", [None, "0", 0.5, float("nan"), 2**63])
def test_seek_takes_microseconds(value: Any) -> None:
    with Demuxer(clip(NAME)) as demuxer:
        with pytest.raises(InvalidArgumentError):
            demuxer.seek(value)
        assert next(demuxer.chunks()).timestamp == 0


def test_seek_knows_the_start_offset() -> None:
    with Demuxer(clip("h264-offset.mkv")) as demuxer:
        demuxer.seek(12_345_000 + 700_000)
        assert next(demuxer.chunks()).timestamp == 12_845_000
        demuxer.seek(0)
        assert next(demuxer.chunks()).timestamp == 12_345_000


def test_decoding_after_a_seek_gives_the_same_pictures() -> None:
    path = clip(NAME)

    def pictures(frames: Iterator[Any]) -> dict[int, bytes]:
        found = {}
        for frame in frames:
            with frame:
                pixels = bytearray(frame.allocation_size())
                frame.copy_to(pixels)
                found[frame.timestamp] = bytes(pixels)
        return found

    whole = pictures(read_frames(path))
    with Demuxer(path) as demuxer:
        config = demuxer.video_config
        for start in (700_000, 0, 1_100_000):
            part = pictures(read_frames(list(demuxer.chunks(start=start)), config))
            assert part == {t: p for t, p in whole.items() if t >= start // 500_000 * 500_000}


def test_two_threads_share_the_chunks_of_one_demuxer() -> None:
    expected = sorted(chunks(clip(NAME)))
    found: list[tuple[bool, int, int]] = []
    with Demuxer(clip(NAME)) as demuxer:

        def read() -> None:
            found.extend(map(described, demuxer.chunks()))

        threads = [threading.Thread(target=read) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
    assert sorted(found) == expected


def test_close_on_another_thread_while_chunks_are_read() -> None:
    data = clip(NAME).read_bytes()
    for seed in range(50):
        demuxer, count = Demuxer(data), random.Random(seed).randrange(FRAMES)
        ready = threading.Event()

        def close(demuxer: Demuxer = demuxer, ready: threading.Event = ready) -> None:
            ready.wait(10)
            demuxer.close()

        thread = threading.Thread(target=close)
        thread.start()
        try:
            for index, _ in enumerate(demuxer.chunks()):
                if index == count:
                    ready.set()
        except InvalidStateError:
            pass
        ready.set()
        thread.join(10)
        assert not thread.is_alive()


# ---- what the container says ---------------------------------------------------------------------

BASE_90K = Clip("h264-90k.ts", "libx264", *X264, "-bf", "2", filters=f"settb=1/90000,{VARIABLE}")
FRACTIONAL = Clip("h264-ntsc.mp4", "libx264", *X264, "-bf", "2", "-r", "30000/1001")
TWO_GOPS = Clip("vp9-variable.webm", "libvpx-vp9", "-g", "10", filters=f"settb=1/1000,{VARIABLE}")


@pytest.mark.parametrize("item", [BASE_90K, FRACTIONAL, TWO_GOPS], ids=repr)
def test_timestamps_keys_and_sizes_are_ffprobes(item: Clip) -> None:
    assert chunks(item.path()) == packets(item.path())


def test_variable_rate_is_exact() -> None:
    path = clip("h264-variable-rate.mp4")
    assert chunks(path) == packets(path)
    times = sorted(timestamp for _, timestamp, _ in chunks(path))
    assert len({b - a for a, b in pairwise(times)}) > 1


def test_durations_are_ffprobes() -> None:
    path = clip(NAME)
    with Demuxer(path) as demuxer:
        durations = {chunk.duration for chunk in demuxer.chunks()}
    assert durations == {33_333}


COLORS = [
    ("bt709", "bt709", "bt709", "tv"),
    ("bt2020", "smpte2084", "bt2020nc", "tv"),
    ("bt2020", "arib-std-b67", "bt2020nc", "pc"),
    ("smpte170m", "smpte170m", "smpte170m", "pc"),
]
WEB = {
    "smpte2084": "pq",
    "arib-std-b67": "hlg",
    "bt2020nc": "bt2020-ncl",
    "tv": False,
    "pc": True,
}


@pytest.mark.parametrize("colors", COLORS, ids="-".join)
def test_colors_reach_config_and_frame(colors: tuple[str, str, str, str]) -> None:
    flags = ("-color_primaries", "-color_trc", "-colorspace", "-color_range")
    options = [text for pair in zip(flags, colors, strict=True) for text in pair]
    name = f"h264-color-{'-'.join(colors)}.mp4"
    path = Clip(name, "libx264", *X264, *options, frames=2).path()
    expected = tuple(WEB.get(color, color) for color in colors)
    with Demuxer(path) as demuxer:
        space = demuxer.video_config.color_space
    for frame in read_frames(path, stop=1):
        with frame:
            found = frame.color_space
    for got in (space, found):
        assert (got.primaries, got.transfer, got.matrix, got.full_range) == expected


def with_matrix(data: bytes, a: float, b: float, c: float, d: float) -> bytes:
    """Write a display matrix into the track header of an MP4 file (ISO/IEC 14496-12, 8.3.2)."""
    at = data.index(b"tkhd") + 4
    assert data[at] == 0, "version 0"
    at += 40
    numbers = [int(a * 65536), int(b * 65536), 0, int(c * 65536), int(d * 65536), 0, 0, 0, 1 << 30]
    return data[:at] + struct.pack(">9i", *numbers) + data[at + 36 :]


# (x, y) goes to (a x + c y, b x + d y), y pointing down; WebCodecs turns clockwise, then mirrors.
MATRICES = [
    ((1, 0, 0, 1), 0, False),
    ((0, 1, -1, 0), 90, False),
    ((-1, 0, 0, -1), 180, False),
    ((0, -1, 1, 0), 270, False),
    ((-1, 0, 0, 1), 0, True),
    ((1, 0, 0, -1), 180, True),
    ((0, 1, 1, 0), 90, True),
    ((0, -1, -1, 0), 270, True),
    ((2, 0, 0, 2), 0, False),
    ((0, 0, 0, 0), 0, False),
]


@pytest.mark.parametrize(("matrix", "rotation", "flip"), MATRICES, ids=str)
def test_display_matrix(matrix: tuple[int, int, int, int], rotation: int, flip: bool) -> None:
    data = with_matrix(clip(NAME).read_bytes(), *matrix)
    with Demuxer(data) as demuxer:
        config = demuxer.video_config
    assert (config.rotation, config.flip) == (rotation, flip)
    for frame in read_frames(data, stop=1):
        with frame:
            assert (frame.rotation, frame.flip) == (rotation, flip)
            size = (160, 120) if rotation % 180 == 0 else (120, 160)
            assert (frame.display_width, frame.display_height) == size


def corner(matrix: tuple[int, int, int, int], x: int, y: int) -> tuple[int, int]:
    a, b, c, d = matrix
    return a * x + c * y, b * x + d * y


@pytest.mark.parametrize(("matrix", "rotation", "flip"), MATRICES[:8], ids=str)
def test_rotation_and_flip_move_the_corners_as_the_matrix_does(
    matrix: tuple[int, int, int, int], rotation: int, flip: bool
) -> None:
    for x, y in ((-1, -1), (1, -1), (1, 1), (-1, 1)):
        moved = x, y
        for _ in range(rotation // 90):  # clockwise on a screen: right goes down
            moved = -moved[1], moved[0]
        if flip:
            moved = -moved[0], moved[1]
        assert moved == corner(matrix, x, y)


@pytest.mark.parametrize("sar", ["4/3", "1/2", "16/15"])
@pytest.mark.parametrize("suffix", ["mp4", "mkv"])
def test_sample_aspect_ratio(sar: str, suffix: str) -> None:
    name = f"h264-aspect-{sar.replace('/', '-')}.{suffix}"
    path = Clip(name, "libx264", *X264, filters=f"setsar={sar}", frames=3).path()
    ratio = Fraction(sar) * 160 / 120
    with Demuxer(path) as demuxer:
        config = demuxer.video_config
    assert Fraction(config.display_aspect_width, config.display_aspect_height) == ratio  # type: ignore[arg-type]
    for frame in read_frames(path, stop=1):
        with frame:
            assert abs(frame.display_width / frame.display_height / float(ratio) - 1) < 0.01


# ---- other streams -------------------------------------------------------------------------------


def sound(tmp_path: Path, name: str, *options: str) -> Path:
    path = tmp_path / name
    run_ffmpeg("-y", "-f", "lavfi", "-i", "sine=duration=1", *options, path)
    return path


@pytest.mark.parametrize("name", ["sound.m4a", "sound.wav", "sound.mkv", "sound.ogg"])
def test_file_with_sound_only_is_not_supported(name: str, tmp_path: Path) -> None:
    with pytest.raises(NotSupportedError, match="audio"):
        Demuxer(sound(tmp_path, name))


@pytest.mark.parametrize("name", ["song.mp3", "song.m4a"])
def test_cover_of_a_song_is_one_key_chunk(name: str, tmp_path: Path) -> None:
    path = sound(
        *(tmp_path, name, "-f", "lavfi", "-i", "testsrc2=size=64x64:d=0.04", "-frames:v", "1"),
        *("-map", "0:a", "-map", "1:v", "-c:v", "mjpeg", "-pix_fmt", "yuvj420p"),
        *("-disposition:v:0", "attached_pic"),
    )
    with Demuxer(path) as demuxer:
        assert demuxer.video_config.codec == "ffmpeg:mjpeg"
        assert [chunk.type for chunk in demuxer.chunks()] == ["key"]
    sizes = []
    for frame in read_frames(path):
        with frame:
            sizes.append((frame.coded_width, frame.coded_height))
    assert sizes == [(64, 64)]


def test_cover_does_not_hide_the_film(tmp_path: Path) -> None:
    cover, path = tmp_path / "cover.jpg", tmp_path / "film.mp4"
    picture = ("-f", "lavfi", "-i", "testsrc2=size=640x480:d=0.04")
    run_ffmpeg("-y", *picture, "-frames:v", "1", "-pix_fmt", "yuvj420p", cover)
    run_ffmpeg(
        *("-y", "-i", cover, "-i", clip(NAME), "-map", "0", "-map", "1", "-c", "copy"),
        *("-disposition:v:0", "attached_pic", path),
    )
    with Demuxer(path) as demuxer:
        assert demuxer.video_config.codec.startswith("avc1")
        assert len(list(demuxer.chunks())) == FRAMES


def test_one_of_two_video_streams_is_read_whole_and_alone(tmp_path: Path) -> None:
    path = tmp_path / "two.mkv"
    run_ffmpeg(
        *("-y", "-i", clip(NAME), "-i", clip("vp9.webm"), "-map", "0:v", "-map", "1:v"),
        *("-c", "copy", path),
    )
    found = chunks(path)
    with Demuxer(path) as demuxer:
        index = {"avc1": "v:0", "vp09": "v:1"}[demuxer.video_config.codec[:4]]
    assert found == packets(path, index)


def test_sound_is_skipped() -> None:
    assert chunks(clip("h264-with-audio.mp4")) == packets(clip("h264-with-audio.mp4"))


# ---- damaged files -------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["h264-bframes.mkv", "vp9.webm", "h264-bframes.ts", "av1.ivf"])
def test_truncated_file_gives_the_beginning_or_an_error(name: str) -> None:
    data = clip(name).read_bytes()
    whole = chunks(data)
    for part in (1, 10, 50, 90, 99):
        cut = data[: len(data) * part // 100]
        found: list[tuple[bool, int, int]] = []
        try:
            with Demuxer(cut) as demuxer:
                found.extend(map(described, demuxer.chunks()))
        except WebCodecsError:
            pass
        # All but the last one are whole.
        assert found[:-1] == whole[: max(0, len(found) - 1)]
        if part >= 90:
            assert len(found) > FRAMES // 2


def test_truncated_mp4_without_its_index_is_an_error() -> None:
    data = clip(NAME).read_bytes()
    with pytest.raises(EncodingError, match="bytes"):
        Demuxer(data[: data.index(b"moov")])


def test_config_can_be_kept_changed_and_used_without_the_demuxer() -> None:
    from dataclasses import replace

    with Demuxer(clip("mpeg4.avi")) as demuxer:
        config, kept = demuxer.video_config, list(demuxer.chunks())
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for used in (config, replace(config, rotation=90)):
            times: list[int] = []

            def output(frame: Any, times: list[int] = times) -> None:
                with frame:
                    times.append(frame.rotation)

            with VideoDecoder(output, print) as decoder:
                decoder.configure(used)
                for chunk in kept:
                    decoder.decode(chunk)
                decoder.flush().result(10)
            assert times == [used.rotation] * FRAMES
    del kept
