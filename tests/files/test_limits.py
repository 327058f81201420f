"""What a file may make the process spend: refused before, with the value, the limit, the switch."""

from __future__ import annotations

import os
import struct
import threading
import zlib
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import bombs
import pytest
from cli_helpers import NAME, call
from clips import clip

import ffwebcodecs
from ffwebcodecs import (
    Demuxer,
    EncodingError,
    InvalidArgumentError,
    NotSupportedError,
    VideoDecoderConfig,
    read_frames,
    remux,
    transcode,
)

WIDE, HIGH = 16000, 16000
PIXELS = WIDE * HIGH
MOST = 64  # MiB that refusing may take; the least of these pictures takes 30 decoded, most 700
LARGE = bombs.png(WIDE, HIGH)
SMALL = bombs.png(16, 16)
SEVENS = zlib.compress(b"7" * 40_000_000, 9)

PICTURES: dict[str, Callable[[], bytes]] = {
    "a.png": lambda: LARGE,
    "a.bmp": lambda: bombs.bmp(WIDE, HIGH),
    "a.sgi": lambda: bombs.sgi(WIDE, HIGH),
    "a.y4m": lambda: bombs.y4m(WIDE, HIGH),
    "a.mp3": lambda: bombs.id3(0, LARGE),
    "odd.png": lambda: bombs.png(30000, 8000),
    "early.flv": lambda: bombs.flv(bombs.flv1(WIDE, HIGH)),
    "late.flv": lambda: bombs.flv(bombs.flv1(WIDE, HIGH), late=20),
    "changed.flv": lambda: bombs.flv(bombs.flv1(WIDE, HIGH), before=bombs.VP6),
    "a.m2v": lambda: bombs.mpeg2(16380, 12000) * 5,
    "late.mpg": lambda: bombs.mpeg_ps([bombs.mpeg2(16380, 12000)] * 5),
    "one.mp4": lambda: bombs.mp4([bombs.track(1, size=len(LARGE))], LARGE),
    # Each stream has a decoder while its parameters are looked for.
    "many.mp4": lambda: bombs.mp4([bombs.track(i, size=len(LARGE)) for i in range(1, 41)], LARGE),
}
CLAIMS: dict[str, tuple[str, Callable[[], bytes]]] = {
    "streams.mp4": ("max_streams=1000", lambda: bombs.mp4([bombs.track(1)] * 1001)),
    "streams.mkv": ("max_streams=1000", lambda: bombs.matroska(tracks=1001)),
    "samples.mp4": ("max_samples=8388608", lambda: bombs.mp4([bombs.track(1, count=10**8)])),
    "sums.mp4": ("max_samples=8388608", lambda: bombs.mp4([bombs.track(1, count=10**6)] * 9)),
    "sound.mp4": (
        "max_samples=8388608",
        lambda: bombs.mp4([bombs.track(1), bombs.track(2, count=2**32 - 1, kind=b"soun")] * 3),
    ),
    "fragment.mp4": ("max_samples=8388608", lambda: bombs.fragmented(10**8)),
    "tags.mp4": ("max_tags=10000", lambda: bombs.mp4([bombs.track(1)], b"", bombs.tags(10001))),
    "tags.mkv": ("max_tags=10000", lambda: bombs.matroska(bombs.matroska_tags(10001))),
    "behind.mkv": ("max_tags=10000", lambda: bombs.matroska(behind=bombs.matroska_tags(10001))),
    "tags.flv": ("max_tags=10000", lambda: bombs.flv(bombs.flv1(160, 128), names=10001)),
    "tags.mp3": ("max_tags=10000", lambda: bombs.id3(10001, SMALL)),
    "tags.png": ("max_tags=10000", lambda: bombs.png(16, 16, *[(b"tEXt", b"a\0b")] * 10001)),
    "tags.avi": ("max_tags=10000", lambda: bombs.with_info(clip("h264.avi").read_bytes(), 10001)),
    "tags.txt": ("max_tags=10000", lambda: b";FFMETADATA1\n" + b"a=b\n" * 10001),
    "chapters.mkv": ("max_chapters=65536", lambda: bombs.matroska(bombs.matroska_chapters(65537))),
    "header.mov": (
        "max_header=33554432",
        lambda: bombs.mp4(
            [bombs.track(1)], b"", bombs.box(b"free", bytes(4 * 10**7)), compressed=True
        ),
    ),
    "text.png": ("max_header=33554432", lambda: bombs.png(16, 16, (b"zTXt", b"a\0\0" + SEVENS))),
    "profile.png": ("max_header=33554432", lambda: bombs.png(16, 16, (b"iCCP", b"a\0\0" + SEVENS))),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("bombs")
    for name, make in PICTURES.items():
        (path / name).write_bytes(make())
    for name, (_, make) in CLAIMS.items():
        (path / name).write_bytes(make())
    return path


# ---- pixels --------------------------------------------------------------------------------------


def test_large_pictures_are_refused_before_they_take_memory(folder: Path) -> None:
    results = bombs.read_in_child(clip(NAME), [folder / name for name in PICTURES])
    for name, (grown, said) in zip(PICTURES, results, strict=True):
        assert "max_pixels=134217728" in said, (name, said)
        assert grown < MOST, (name, grown)


@pytest.mark.parametrize("name", ["a.png", "a.bmp", "a.y4m", "a.m2v", "late.mpg"])
def test_size_limit_and_switch_are_named(folder: Path, name: str) -> None:
    width, height = (16380, 12000) if name in ("a.m2v", "late.mpg") else (WIDE, HIGH)
    with pytest.raises(NotSupportedError) as caught:
        Demuxer(folder / name)
    for part in (f"{width}x{height}", str(width * height), "max_pixels=134217728", "None", name):
        assert part in str(caught.value)


def test_bytes_are_limited_too(folder: Path) -> None:
    with pytest.raises(NotSupportedError, match="16000x16000"):
        next(read_frames(LARGE))
    with (
        pytest.raises(NotSupportedError, match="max_tags"),
        open(folder / "tags.mp4", "rb") as file,
    ):
        Demuxer(file)


@pytest.mark.parametrize("most", [PIXELS, None])
def test_limit_can_be_raised_and_lifted(folder: Path, most: int | None) -> None:
    with Demuxer(folder / "a.y4m", max_pixels=most) as demuxer:
        config = demuxer.video_config
    assert (config.coded_width, config.coded_height, config.max_pixels) == (WIDE, HIGH, most)


def sized(name: str) -> tuple[str, int]:
    with Demuxer(clip(name)) as demuxer:
        config = demuxer.video_config
    assert config.coded_width is not None
    assert config.coded_height is not None
    return name, config.coded_width * config.coded_height


@pytest.mark.parametrize("name", [NAME, "vp9.webm", "h264-bframes.ts", "h264.avi"])
def test_limit_is_exact(name: str) -> None:
    path, pixels = clip(name), sized(name)[1]
    frames = len(list(map(ffwebcodecs.VideoFrame.close, read_frames(path))))
    assert (
        len(list(map(ffwebcodecs.VideoFrame.close, read_frames(path, max_pixels=pixels)))) == frames
    )
    with pytest.raises(NotSupportedError, match=f"{pixels} pixels.*max_pixels={pixels - 1} "):
        Demuxer(path, max_pixels=pixels - 1)
    with pytest.raises(NotSupportedError, match=f"max_pixels={pixels - 1} "):
        read_frames(path, max_pixels=pixels - 1)


def test_files_and_commands_take_the_limit(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    for function in (remux, transcode):
        with pytest.raises(NotSupportedError, match="max_pixels=100 "):
            function(clip(NAME), tmp_path / "out.mkv", max_pixels=100)
    path, out = clip(NAME), tmp_path / "out.mkv"
    for arguments in (
        ["probe", path],
        ["frames", path, "-o", tmp_path / "frames"],
        ["sheet", path, "-o", tmp_path / "out.png"],
        ["remux", path, out],
        ["transcode", path, out],
    ):
        assert call(*arguments, "--max-pixels", "100") != 0, arguments
        assert "max_pixels=100 " in capfd.readouterr().err
    assert os.listdir(tmp_path) == []


def test_frames_of_a_demuxer_have_its_limit() -> None:
    _, pixels = sized(NAME)
    with Demuxer(clip(NAME), max_pixels=pixels + 5) as demuxer:
        assert demuxer.video_config.max_pixels == pixels + 5
        assert VideoDecoderConfig.parse(demuxer.video_config).max_pixels == pixels + 5
        with pytest.raises(NotSupportedError, match=f"max_pixels={pixels - 1} "):
            read_frames(demuxer, max_pixels=pixels - 1)


def test_probing_finds_the_same_with_and_without_a_limit() -> None:
    """Formats without a header are looked through first, and read again."""
    for name in ("h264-bframes.ts", "h264-bframes.h264", NAME, "vp9.webm"):
        found: list[Any] = []
        for most in (None, 1 << 27):
            with Demuxer(clip(name), max_pixels=most) as demuxer:
                config = demuxer.video_config
                chunks = [
                    (c.timestamp, c.duration, c.type, bytes(c.data)) for c in demuxer.chunks()
                ]
                found.append((config.codec, config._native, demuxer.duration, chunks))
        assert found[0] == found[1], name


# ---- claims --------------------------------------------------------------------------------------


def test_large_claims_are_refused_before_they_take_memory(folder: Path) -> None:
    results = bombs.read_in_child(clip(NAME), [folder / name for name in CLAIMS])
    for (name, (limit, _)), (grown, said) in zip(CLAIMS.items(), results, strict=True):
        assert said.startswith("NotSupportedError"), (name, said)
        assert f"{limit} is allowed" in said, (name, said)
        assert "options={" in said, (name, said)
        assert grown < MOST, (name, grown)


HARMLESS: dict[str, tuple[str, Callable[[], bytes]]] = {
    "streams.mp4": ("max_streams", lambda: bombs.mp4([bombs.track(1, size=90)] * 5, SMALL)),
    "tags.mp4": ("max_tags", lambda: bombs.mp4([bombs.track(1)], SMALL, bombs.tags(1000))),
    "samples.mp4": ("max_samples", lambda: bombs.mp4([bombs.track(1, count=1000)], SMALL)),
    "tags.mkv": ("max_tags", lambda: bombs.matroska(bombs.matroska_tags(2000))),
    "chapters.mkv": ("max_chapters", lambda: bombs.matroska(bombs.matroska_chapters(2000))),
    "text.png": ("max_tags", lambda: bombs.png(16, 16, *[(b"tEXt", b"a\0b")] * 5)),
}


@pytest.mark.parametrize("name", HARMLESS)
def test_limits_of_claims_can_be_set(tmp_path: Path, name: str) -> None:
    option, make = HARMLESS[name]
    path = tmp_path / name
    path.write_bytes(make())
    with Demuxer(path):
        pass
    with pytest.raises(NotSupportedError, match=f"{option}=1 is allowed") as caught:
        Demuxer(path, options={option: 1})
    assert "if the source is trusted" in str(caught.value)
    with Demuxer(path, options={option: 10**6}):
        pass


@pytest.mark.parametrize("value", [0, -1, "many", 1.5, ""])
def test_a_limit_is_a_positive_number(value: Any) -> None:
    with pytest.raises(InvalidArgumentError, match="max_tags"):
        Demuxer(clip(NAME), options={"max_tags": value})


def test_sound_without_compression_has_a_sample_for_each_moment(tmp_path: Path) -> None:
    path = tmp_path / "hours.mov"
    sound = bombs.track(2, count=500_000_000, kind=b"soun")
    path.write_bytes(bombs.mp4([bombs.track(1, size=len(SMALL)), sound], SMALL))
    with Demuxer(path) as demuxer:
        assert demuxer.frame_count == 1


def test_damaged_headers_are_left_to_ffmpeg(tmp_path: Path) -> None:
    """Counting ends where a header makes no sense; what comes of it is FFmpeg's to say."""
    whole = bombs.mp4([bombs.track(1, size=len(SMALL))], SMALL, bombs.tags(3))
    path = tmp_path / "cut.mp4"
    for size in (0, 7, 8, 20, 50, 150, 300, len(whole) - 20):
        path.write_bytes(whole[:size])
        try:
            Demuxer(path).close()
        except (EncodingError, NotSupportedError):
            pass
    whole = bombs.matroska(bombs.matroska_tags(2000), behind=bombs.matroska_chapters(3000))
    path = tmp_path / "cut.mkv"
    for size in (5, 30, 60, 100, 200, len(whole) // 2):
        path.write_bytes(whole[:size])
        try:
            Demuxer(path).close()
        except (EncodingError, NotSupportedError):
            pass


def test_numbers_that_no_file_reaches_are_no_error_of_pythons(tmp_path: Path) -> None:
    whole = bombs.mp4([bombs.track(1, size=len(SMALL))], SMALL)
    path = tmp_path / "far.mp4"
    for kind in (b"free", b"moov", b"udta"):
        for size in (2**63, 2**64 - 1):
            far = struct.pack(">I4sQ", 1, kind, size)
            for data in (whole + far, far + whole):
                path.write_bytes(data)
                with suppress(EncodingError, NotSupportedError):
                    Demuxer(path).close()


@pytest.mark.parametrize("width", [2**31, 2**32 - 1])
def test_pictures_wider_than_a_number_of_ffmpegs_are_refused(width: int) -> None:
    data = SMALL[:16] + width.to_bytes(4, "big") + SMALL[20:]
    with pytest.raises(NotSupportedError, match=f"{width}x16 is {16 * width} pixels"):
        Demuxer(data)
    with suppress(EncodingError, NotSupportedError):
        Demuxer(data, max_pixels=2**62).close()


def test_what_cannot_be_read_twice_is_limited_too(tmp_path: Path) -> None:
    """A video that comes late in such a stream is probed without decoders."""
    for width, height in ((160, 128), (WIDE, HIGH)):
        path = tmp_path / f"{width}.flv"
        os.mkfifo(path)
        data = bombs.flv(bombs.flv1(width, height), late=20)
        writer = threading.Thread(target=lambda p=path, d=data: p.write_bytes(d))
        writer.start()
        try:
            if width == WIDE:
                with pytest.raises(NotSupportedError, match="16000x16000"):
                    Demuxer(path)
            else:
                with Demuxer(path) as demuxer:
                    config = demuxer.video_config
                    assert (config.coded_width, config.coded_height) == (width, height)
                    assert len(list(demuxer.chunks())) == 10
        finally:
            writer.join()
