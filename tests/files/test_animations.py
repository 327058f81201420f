"""Loop count and last delay of GIF, APNG and WebP, from each to each, as Pillow sees them."""

from __future__ import annotations

import io
import os
import threading
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from animations import Part, apng, gif, webp
from cli_helpers import call
from clips import clip
from convert_helpers import ends
from encode_helpers import need
from mux_helpers import need_container
from PIL import Image

from ffwebcodecs import (
    Demuxer,
    InvalidArgumentError,
    Muxer,
    Video,
    VideoFrame,
    read_frames,
    remux,
    transcode,
    write_frames,
)
from ffwebcodecs._av.codecs.decoder import has_decoder

DELAYS = [100, 300, 50, 1000]  # milliseconds
FORMATS = {"gif": "GIF", "apng": "PNG", "webp": "WEBP"}


def animation(folder: Path, suffix: str, loop: int | None, delays: Any = DELAYS) -> Path:
    path = folder / f"source.{suffix}"
    pictures = [Image.new("RGB", (32, 24), (60 * i, 0, 0)) for i in range(len(delays))]
    said = {} if loop is None else {"loop": loop}
    pictures[0].save(
        path, FORMATS[suffix], save_all=True, append_images=pictures[1:], duration=delays, **said
    )
    return path


def seen(path: Path) -> tuple[list[float], int | None]:
    """Return each picture's delay, and the loop count; None: a GIF that says nothing."""
    delays = []
    with Image.open(path) as image:
        for number in range(image.n_frames):
            image.seek(number)
            image.load()
            delays.append(image.info["duration"])
        return delays, image.info.get("loop")


def need_all(*suffixes: str) -> None:
    for suffix in suffixes:
        need_container(suffix)
        need({"webp": "libwebp_anim"}.get(suffix, suffix))


def need_to_read(suffix: str) -> None:
    if suffix == "apng" and not has_decoder("apng"):
        pytest.skip("this FFmpeg's APNG decoder is not used")


@pytest.mark.divided
@pytest.mark.parametrize("loop", [None, 0, 1, 3])
@pytest.mark.parametrize("suffix", FORMATS)
def test_a_copy_is_played_as_often(suffix: str, loop: int | None, tmp_path: Path) -> None:
    need_container(suffix)
    source = animation(tmp_path, suffix, loop)
    path = tmp_path / f"copy.{suffix}"
    remux(source, path)
    assert seen(path) == (DELAYS, 0 if loop is None and suffix != "gif" else loop)


@pytest.mark.divided
@pytest.mark.parametrize(
    ("loop", "shown"), [(None, (None, 1, 1)), (0, (0, 0, 0)), (1, (1, 1, 1)), (3, (3, 3, 3))]
)
def test_a_gif_is_played_as_often_in_any_format(
    loop: int | None, shown: tuple[int | None, ...], tmp_path: Path
) -> None:
    need_all(*FORMATS)
    source = animation(tmp_path, "gif", loop)
    for suffix, wanted in zip(FORMATS, shown, strict=True):
        transcode(source, tmp_path / f"to.{suffix}")
        assert seen(tmp_path / f"to.{suffix}") == (DELAYS, wanted)


@pytest.mark.divided
@pytest.mark.parametrize("loop", [0, 1, 3])
@pytest.mark.parametrize("suffix", ["apng", "webp"])
def test_others_are_played_as_often_in_any_format(suffix: str, loop: int, tmp_path: Path) -> None:
    need_all(*FORMATS)
    need_to_read(suffix)
    source = animation(tmp_path, suffix, loop)
    for output in FORMATS:
        transcode(source, tmp_path / f"to.{output}")
        # Once is what a GIF says by saying nothing: 1 would be twice in browsers.
        wanted = None if output == "gif" and loop == 1 else loop
        assert seen(tmp_path / f"to.{output}") == (DELAYS, wanted)


def test_the_loop_of_pipes_bytes_and_files_is_known(tmp_path: Path) -> None:
    need_all("gif", "apng")
    source = animation(tmp_path, "gif", 3)
    path = tmp_path / "to.apng"
    for given in (source.read_bytes(), io.BytesIO(source.read_bytes()), source.open("rb")):
        with given if hasattr(given, "close") else io.BytesIO():
            transcode(given, path)
        assert seen(path) == (DELAYS, 3)
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    writer = threading.Thread(target=fifo.write_bytes, args=(source.read_bytes(),))
    writer.start()
    transcode(fifo, path)
    writer.join()
    assert seen(path) == (DELAYS, 3)
    assert call("transcode", source, path, "--force", "--quiet") == 0
    assert seen(path) == (DELAYS, 3)


@pytest.mark.parametrize("suffix", FORMATS)
def test_written_frames_last_as_long_as_they_say(suffix: str, tmp_path: Path) -> None:
    need_all(suffix)
    times = [0, 100_000, 3_400_000, 3_450_000]
    frames = [
        VideoFrame.from_ndarray(
            np.full((24, 32, 3), 50 * i, np.uint8), timestamp=time, duration=1_000_000
        )
        for i, time in enumerate(times)
    ]
    write_frames(frames, tmp_path / f"a.{suffix}")
    assert seen(tmp_path / f"a.{suffix}")[0] == [100, 3300, 50, 1000]


def test_equal_pictures_at_the_end_of_a_webp_keep_the_whole_time(tmp_path: Path) -> None:
    need_all("webp")
    frames = [
        VideoFrame.from_ndarray(
            np.full((24, 32, 3), level, np.uint8), timestamp=100_000 * i, duration=100_000
        )
        for i, level in enumerate((0, 200, 200, 200))
    ]
    write_frames(frames, tmp_path / "a.webp")
    assert sum(seen(tmp_path / "a.webp")[0]) == 400


def test_a_film_has_no_loop_count(tmp_path: Path) -> None:
    need_all("gif")
    source, film, back = animation(tmp_path, "gif", 3), tmp_path / "a.mp4", tmp_path / "b.gif"
    assert transcode(source, film).lost == []
    transcode(film, back)
    assert seen(back)[1] == 0  # a film says nothing: a GIF of it is played for ever


def test_parts_end_with_the_delay_of_their_last_picture(tmp_path: Path) -> None:
    need_all("gif", "apng")
    source, path = animation(tmp_path, "gif", 3), tmp_path / "a.apng"
    transcode(source, path, stop=400_000)
    assert seen(path) == ([100, 300], 3)


def test_what_the_caller_sets_stays(tmp_path: Path) -> None:
    source, path = animation(tmp_path, "gif", 3), tmp_path / "a.gif"
    with (
        Demuxer(source) as demuxer,
        Muxer(path, options={"loop": "7", "final_delay": "20"}) as muxer,
    ):
        for chunk in demuxer.chunks():
            muxer.add_chunk(chunk, demuxer.video_config)
    assert seen(path) == ([*DELAYS[:-1], 200], 7)
    with Demuxer(source) as demuxer, Muxer(path) as muxer:
        for chunk in demuxer.chunks():
            muxer.add_chunk(chunk, demuxer.video_config)
    assert seen(path) == (DELAYS, 0)


@pytest.mark.divided
@pytest.mark.parametrize("delay", [20, 655_350, 40_000])
def test_short_and_long_last_delays(delay: int, tmp_path: Path) -> None:
    need_all("gif", "apng")
    delays = [100, 200, delay]
    source = animation(tmp_path, "gif", 0, delays)
    for path in (tmp_path / "a.gif", tmp_path / "a.apng"):
        transcode(source, path)
        assert [round(Fraction(one)) for one in seen(path)[0]] == delays


@pytest.mark.once
def test_a_delay_that_gif_cannot_have_is_refused(tmp_path: Path) -> None:
    need_all("gif", "webp")
    times = [(0, 700_000_000), (700_000_000, 40_000)]

    def frames() -> list[VideoFrame]:
        return [
            VideoFrame.from_ndarray(
                np.full((24, 32, 3), i * 90, np.uint8), timestamp=time, duration=duration
            )
            for i, (time, duration) in enumerate(times)
        ]

    with pytest.raises(InvalidArgumentError, match=r"shown for 700 s, and GIF has delays of"):
        write_frames(frames(), tmp_path / "a.gif")
    assert not (tmp_path / "a.gif").exists()
    write_frames(frames(), tmp_path / "a.webp")
    assert seen(tmp_path / "a.webp")[0] == [700_000, 40]


@pytest.mark.once
def test_frames_of_a_film_keep_their_times_in_a_gif(tmp_path: Path) -> None:
    """30 a second do not fit into hundredths; the whole does."""
    need_all("gif")
    path = tmp_path / "a.gif"
    transcode(clip("h264-bframes.mp4"), path, width=32, height=24)
    delays, loop = seen(path)
    assert loop == 0 and sum(delays) == 1500 and len(delays) == 45


@pytest.mark.divided
@pytest.mark.parametrize("suffix", ["mp4", "mov", "mkv", "webm", "avi"])
def test_a_film_of_an_animation_shows_its_last_picture_as_long(suffix: str, tmp_path: Path) -> None:
    need_all("gif")
    source, film, back = animation(tmp_path, "gif", 3), tmp_path / f"a.{suffix}", tmp_path / "b.gif"
    assert transcode(source, film).lost == []
    assert ends(film) == 1.45
    # AVI repeats the last picture, in packets without bytes: nothing is missing at its end.
    times = [(0, 100_000), (100_000, 300_000), (400_000, 50_000), (450_000, 1_000_000)]
    with Demuxer(film) as demuxer:
        for frames in (read_frames(film), read_frames(demuxer)):
            assert [(frame.timestamp, frame.duration) for frame in frames] == times
    for options in ({}, {"strict": True}, {"threads": 1}):
        # Not all decoders have read the end of the file when they give the last picture.
        transcode(film, back, **options)
        assert seen(back) == (DELAYS, 0)
    transcode(film, back, threads=1, framerate=20)
    assert len(seen(back)[0]) == 29
    transcode(film, back, threads=1, stop=1_000_000)
    assert seen(back)[0] == [100, 300, 50, 550]
    for copy in (tmp_path / f"copy.{suffix}", tmp_path / "copy.mkv"):
        remux(film, copy)
        assert ends(copy) == 1.45
    for number, chosen in ((0, 70_000), (3, 70_000)):  # which has the last word

        def other(frame: VideoFrame, number: int = number, chosen: int = chosen) -> VideoFrame:
            is_meant = frame.timestamp == times[number][0]
            return VideoFrame(frame, duration=chosen) if is_meant else frame

        transcode(film, back, map_frame=other, strict=True)
        assert seen(back)[0][-1] == (1000 if number == 0 else 70)


def test_a_webp_of_a_film_shows_its_last_picture_as_long(tmp_path: Path) -> None:
    need_all("gif", "webp")
    source, film, back = animation(tmp_path, "gif", 3), tmp_path / "a.avi", tmp_path / "b.webp"
    transcode(source, film)
    transcode(film, back, threads=1)
    assert seen(back)[0] == DELAYS


@pytest.mark.parametrize("blend", [True, False])
def test_the_first_picture_of_an_apng_is_there_though_it_is_blended(blend: bool) -> None:
    need_to_read("apng")
    colors = [40, 90, 200]
    parts = [
        Part(np.full((6, 8, 4), color, np.uint8), 0, 0, 0, blend and not number)
        for number, color in enumerate(colors)
    ]
    data = apng(parts, 8, 6)
    with Demuxer(data) as demuxer:
        assert [(chunk.timestamp, chunk.type) for chunk in demuxer.chunks()] == [
            (number * 100_000, "key") for number in range(3)
        ]
    for frames in (read_frames(data), read_frames(data, start=0)):
        seen = [(frame.timestamp, int(frame.to_ndarray("RGBA")[3, 3, 0])) for frame in frames]
        assert seen == [(number * 100_000, color) for number, color in enumerate(colors)]
    with Video(data) as video:
        assert list(video.timestamps) == [0, 100_000, 200_000]
        with video[0] as frame:
            assert int(frame.to_ndarray("RGBA")[3, 3, 0]) == colors[0]


@pytest.mark.parametrize("make", [gif, webp])
def test_delays_are_read_as_they_are_written_and_none_is_100_ms(make: Any) -> None:
    delays = [1000, 0, 10, 20, 30, 0, 50]
    parts = [
        Part(np.full((8, 8, 4), (30 * number, 0, 0, 255), np.uint8), 0, 0, 0, True, delay)
        for number, delay in enumerate(delays)
    ]
    shown = [1000 * (delay or 100) for delay in delays]
    found = []
    for frame in read_frames(make(parts, 8, 8)):
        with frame:
            found.append((frame.timestamp, frame.duration))
    assert found == [(sum(shown[:number]), delay) for number, delay in enumerate(shown)]
