"""A conversion whose parts others do is the one that is done in one piece: every picture, every
time, the sound.
"""

from __future__ import annotations

import io
import itertools
import warnings
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest
from clips import Clip, clip, passthrough, run_ffmpeg, run_ffprobe
from convert_helpers import FAST, movie
from transcode_helpers import damaged

from ffwebcodecs import SegmentInfo, TranscodeProgress, TranscodeResult, VideoFrame, transcode

pytestmark = pytest.mark.divided(file=True)

LOSSLESS = {"codec": "ffmpeg:ffv1"}
X264 = {"codec": "ffmpeg:libx264", "encoder_options": {**FAST, "qp": "0"}}
# Key frames after every 15 of 45 frames: three parts.
OPEN = Clip(
    "open-groups.ts",
    *("libx264", "-preset", "veryfast", "-g", "15", "-bf", "3", "-flags", "-cgop", "-threads", "1"),
    *("-x264-params", "open-gop=1:b-pyramid=normal:scenecut=0"),
)
MPEG2 = Clip("open-groups.mpg", "mpeg2video", "-g", "15", "-bf", "2", "-sc_threshold", "1000000000")
EDITED = Clip("edited.mp4", "libx264", *OPEN.options, remux=("-ss", "0.3", "-i"))

INTERLACED = Clip(
    *("interlaced-groups.ts", "mpeg2video", "-flags", "+ildct+ilme", "-bf", "2", "-g", "6"),
    filters="tinterlace=mode=interleave_top",
    frames=30,
)


@pytest.fixture(scope="module")
def pool() -> Iterator[Executor]:
    with ThreadPoolExecutor(2) as pool:
        yield pool


def shown(path: Path) -> bytes:
    """Return all pictures and their times as the ffmpeg program has them, of a lossless file."""
    return run_ffmpeg(
        "-i", path, "-map", "0:v", "-map", "0:a?", *passthrough(), "-f", "framemd5", "-"
    )


def times(path: Path) -> list[str]:
    """Return stream, times and durations of all packets, in order."""
    entries = "packet=stream_index,pts_time,dts_time,duration_time"
    told = run_ffprobe("-show_entries", entries, "-of", "csv=p=0:nk=0", path).decode()
    # Which picture is decoded when is up to the encoder: the times are not.
    fields = (line.partition("|side_data")[0].rstrip(",").split(",") for line in told.split())
    return sorted(
        itertools.chain.from_iterable((f"{line[0]} {one}" for one in line[1:4]) for line in fields)
    )


def without_time(result: TranscodeResult) -> dict[str, Any]:
    return {**vars(result), "seconds": 0, "output": None}


def same(
    source: Path, folder: Path, pool: Executor | int, suffix: str = "mkv", **options: Any
) -> TranscodeResult:
    """Convert in one piece and in parts; both must be the same."""
    whole, parts = folder / f"whole.{suffix}", folder / f"parts.{suffix}"
    expected = transcode(source, whole, **options)
    found = transcode(source, parts, executor=pool, **{"part_seconds": 0.2, **options})
    assert without_time(found) == without_time(expected)
    assert shown(parts) == shown(whole)
    assert times(parts) == times(whole)
    return found


@pytest.mark.parametrize(
    "source",
    [
        *("h264-with-audio.mp4", "vp9-hidden-frames.webm", "h264-variable-rate.mp4"),
        *(OPEN, MPEG2, EDITED),
    ],
    ids=str,
)
def test_pictures_and_times_are_those_of_one_piece(
    source: str | Clip, tmp_path: Path, pool: Executor
) -> None:
    path = clip(source) if isinstance(source, str) else source.path()
    same(path, tmp_path, pool, **LOSSLESS)
    numbers = keys(tmp_path / "parts.mkv", **LOSSLESS)
    assert numbers


def keys(path: Path, **_: Any) -> list[int]:
    """Return which packets are key frames."""
    told = run_ffprobe(
        *("-select_streams", "v", "-show_entries", "packet=flags", "-of", "csv=p=0"), path
    )
    return [at for at, flags in enumerate(told.decode().split()) if flags.startswith("K")]


@pytest.mark.parametrize("suffix", ["mp4", "ts"])
def test_decoding_times_go_on_as_of_one_encoder(
    suffix: str, tmp_path: Path, pool: Executor
) -> None:
    """B-frames: each part's first decoding times lie before its first picture."""
    options: dict[str, Any] = {"encoder_options": {"preset": "veryfast", "bf": "3"}}
    source = clip("h264-with-audio.mp4")
    whole, parts = tmp_path / f"whole.{suffix}", tmp_path / f"parts.{suffix}"
    transcode(source, whole, codec="h264", **options)
    transcode(source, parts, codec="h264", executor=pool, part_seconds=0.2, **options)
    assert times(parts) == times(whole)
    # A key frame begins each part, and nothing else is one: the film is one group otherwise.
    assert keys(whole) == [0]
    assert keys(parts) == [0, 15, 30]
    assert len(shown(parts).splitlines()) == len(shown(whole).splitlines())


@pytest.mark.parametrize(
    "options",
    [
        {"start": 310_000, "stop": 1_270_000},
        {"framerate": 11.5, "start": 310_000},
        {"framerate": 70},
        {"crop": (10, 20, 101, 64), "width": 50},
        {"subtitles": False, "audio": "flac"},
    ],
    ids=str,
)
def test_options_mean_the_same_in_parts(
    options: dict[str, Any], tmp_path: Path, pool: Executor
) -> None:
    same(movie(), tmp_path, pool, **LOSSLESS, **options)


def test_interlaced_pictures_see_their_neighbours(tmp_path: Path, pool: Executor) -> None:
    same(INTERLACED.path(), tmp_path, pool, deinterlace=True, **LOSSLESS)


def darker(frame: VideoFrame) -> VideoFrame | None:
    """Drop one frame in seven; move the others by a millisecond."""
    if frame.timestamp // 33_333 % 7 == 3:
        return None
    return VideoFrame(frame, timestamp=frame.timestamp + 1000)


def test_processes_map_frames(tmp_path: Path) -> None:
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        result = same(
            clip("h264-with-audio.mp4"), tmp_path, pool, map_frame=darker, part_seconds=0.5, **X264
        )
    assert result.frames_read > result.frames_written > 0


def test_fragments_come_as_they_are_made(tmp_path: Path, pool: Executor) -> None:
    found: list[tuple[bytes, SegmentInfo]] = []
    told: list[TranscodeProgress] = []
    output = io.BytesIO()
    transcode(
        clip("h264-with-audio.mp4"),
        output,
        format="mp4",
        fragmented=True,
        on_segment=lambda data, info: found.append((bytes(data), info)),
        on_progress=told.append,
        executor=pool,
        part_seconds=0.2,
        **X264,
    )
    path = tmp_path / "parts.mp4"
    path.write_bytes(output.getvalue())
    # Behind the fragments there is what finds them.
    assert output.getvalue().startswith(b"".join(data for data, _ in found))
    assert [info.kind for _, info in found] == ["init", "media", "media", "media"]
    whole = tmp_path / "whole.mp4"
    transcode(clip("h264-with-audio.mp4"), whole, fragmented=True, **X264)
    # Each track lies in one piece in a fragment: of these there are more.
    assert sorted(shown(path).splitlines()) == sorted(shown(whole).splitlines())
    assert told[-1].frames == 45
    assert told[-1].duration == pytest.approx(1_500_000, abs=50_000)


def test_alpha_channel_travels_with_its_pictures(tmp_path: Path, pool: Executor) -> None:
    source = Clip(
        *("see-through.mov", "png", "-g", "1"),
        pixel_format="rgba",
        size="64x48",
        frames=12,
        filters="format=rgba,colorchannelmixer=aa=0.5",
    ).path()
    options: dict[str, Any] = {"codec": "vp9", "alpha": "keep", "part_seconds": 0.1}
    options["encoder_options"] = {"cpu-used": "8", "lossless": "1"}
    whole, parts = tmp_path / "whole.webm", tmp_path / "parts.webm"
    part_seconds = options.pop("part_seconds")
    transcode(source, whole, **options)
    transcode(source, parts, executor=pool, part_seconds=part_seconds, **options)
    seen = [
        run_ffmpeg("-c:v", "libvpx-vp9", "-i", path, "-pix_fmt", "yuva420p", "-f", "framemd5", "-")
        for path in (whole, parts)
    ]
    assert seen[0] == seen[1]


def test_damage_is_skipped_as_in_one_piece(tmp_path: Path, pool: Executor) -> None:
    source = damaged(tmp_path)
    options: dict[str, Any] = {"errors": "skip", "threads": 1}
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        result = same(source, tmp_path, pool, **options, **LOSSLESS)
    assert result.skipped_chunks
    assert {each.category for each in told} == {UserWarning}


def test_what_is_begun_anew_is_told_once(tmp_path: Path, pool: Executor) -> None:
    """Damage that has to be skipped ends the parts: then all is done in one piece."""
    source, heard = tmp_path / "interlaced.ts", list[TranscodeProgress]()
    data = INTERLACED.path().read_bytes()
    source.write_bytes(data[: len(data) * 5 // 6])
    options: dict[str, Any] = {"errors": "skip", "executor": pool, "part_seconds": 0.2}
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        result = transcode(
            source, tmp_path / "out.mkv", on_progress=heard.append, **options, **LOSSLESS
        )
    said = [str(each.message).partition(" is ")[2].split()[0] for each in told]
    assert said == ["interlaced,", "damaged:"]
    counts = [each.frames for each in heard]
    assert counts == sorted(set(counts))
    assert counts[-1] == result.frames_written
    assert [each.timestamp for each in heard] == sorted(each.timestamp for each in heard)


def test_what_cannot_be_divided_is_done_here(tmp_path: Path, pool: Executor) -> None:
    """An animation says what has changed since the picture before."""
    source, names = clip("h264-bframes.mp4"), ("whole.gif", "parts.gif")
    given: dict[str, Any] = {"width": 64, "framerate": 5}
    transcode(source, tmp_path / names[0], **given)
    transcode(source, tmp_path / names[1], executor=pool, part_seconds=0.2, **given)
    assert (tmp_path / names[1]).read_bytes() == (tmp_path / names[0]).read_bytes()
