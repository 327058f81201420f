"""What a conversion in parts refuses, and what it says of a part that fails: nothing is left."""

from __future__ import annotations

import io
import os
import threading
from collections.abc import Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from clips import clip
from convert_helpers import FAST
from transcode_helpers import damaged, names

from ffwebcodecs import (
    DataError,
    EncodingError,
    InvalidArgumentError,
    NotSupportedError,
    VideoFrame,
    transcode,
)

SOURCE = "h264-bframes.mp4"


@pytest.fixture(scope="module")
def pool() -> Iterator[Executor]:
    with ThreadPoolExecutor(2) as pool:
        yield pool


class Nobody(Executor):
    """Takes no work: whatever is refused is refused before."""

    def submit(self, *_: Any, **__: Any) -> Future[Any]:  # type: ignore[override]
        raise AssertionError("work has begun")


def parts(output: Any, executor: Any, **options: Any) -> Any:
    given = {"encoder_options": FAST, "part_seconds": 0.2, "codec": "h264", **options}
    return transcode(given.pop("source", clip(SOURCE)), output, executor=executor, **given)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"executor": "4"}, "executor must be"),
        ({"executor": 0}, "1 process or more"),
        ({"executor": 1 << 70}, "at most 4096"),
        ({"part_seconds": "2"}, "part_seconds must be a number"),
        ({"part_seconds": 0}, "part_seconds is 0"),
        ({"part_seconds": float("nan")}, "part_seconds"),
        ({"bitrate": "1M"}, "split_bitrate=True"),
        ({"encoder_options": {"b": "1M"}}, "split_bitrate=True"),
        ({"encoder_options": {"x264-params": "ref=1:bitrate=500"}}, "bitrate in x264-params"),
        ({"split_bitrate": "yes"}, "split_bitrate"),
        ({"source": b"a film"}, "give its path or URL"),
        ({"source": io.BytesIO(b"a film")}, "give its path or URL"),
        ({"source": "pipe:0"}, "only once"),
        ({"map_frame": lambda frame: frame}, "cannot be pickled"),
        ({"map_frame": threading.Lock().__enter__}, "cannot be pickled"),
    ],
    ids=str,
)
def test_what_cannot_be_is_said_before_any_work(
    options: dict[str, Any], said: str, tmp_path: Path
) -> None:
    executor = options.pop("executor", None)
    with pytest.raises(InvalidArgumentError, match=said):
        parts(tmp_path / "out.mp4", Nobody() if executor is None else executor, **options)
    assert names(tmp_path) == []


def test_pipe_is_read_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InvalidArgumentError, match="only once"):
        parts(tmp_path / "out.mp4", Nobody(), source=tmp_path / "pipe")


def test_a_folder_is_no_film(tmp_path: Path) -> None:
    with pytest.raises(IsADirectoryError):
        parts(tmp_path / "out.mp4", Nobody(), source=tmp_path)


def test_bitrate_is_split_where_that_is_said(tmp_path: Path, pool: Executor) -> None:
    done = parts(tmp_path / "out.mp4", pool, bitrate="100k", split_bitrate=True)
    assert done.frames_written == 45


class TooMuchError(Exception):
    pass


def fails(frame: VideoFrame) -> VideoFrame:
    if frame.timestamp > 600_000:
        raise TooMuchError(f"at {frame.timestamp} us")
    return frame


def other_size(frame: VideoFrame) -> VideoFrame:
    if frame.timestamp < 600_000:
        return frame
    return VideoFrame(frame, visible_rect=(0, 0, 80, 60))


def drops_keys(frame: VideoFrame) -> VideoFrame | None:
    return None if frame.timestamp == 500_000 else frame


def goes_back(frame: VideoFrame) -> VideoFrame:
    return VideoFrame(frame, timestamp=frame.timestamp % 500_000)


def drops_all(frame: VideoFrame) -> None:
    return None


@pytest.mark.parametrize(
    ("options", "error", "said"),
    [
        ({"map_frame": fails}, TooMuchError, "at 633333 us"),
        ({"map_frame": other_size}, NotSupportedError, "size is 80x60, and .* 160x120"),
        ({"map_frame": drops_keys, "framerate": 25}, NotSupportedError, "part 2 of 3, from 0.500"),
        ({"map_frame": goes_back}, DataError, "times must go up"),
        ({"map_frame": drops_all}, EncodingError, "map_frame dropped all 45 frames"),
        ({"encoder_options": {"preset": "?"}}, NotSupportedError, r"part \d of 3, from .* refuses"),
    ],
    ids=str,
)
def test_part_that_fails_leaves_no_output(
    options: dict[str, Any], error: type[Exception], said: str, tmp_path: Path, pool: Executor
) -> None:
    with pytest.raises(error, match=said):
        parts(tmp_path / "out.mp4", pool, **options)
    assert names(tmp_path) == []


def test_damage_is_said_with_its_part(tmp_path: Path, pool: Executor) -> None:
    with pytest.raises(EncodingError, match=r"part 2 of 3, from 0\.500 to 1\.000 s: .* 766667 us"):
        parts(tmp_path / "out.mp4", pool, source=damaged(tmp_path))
    assert names(tmp_path) == ["damaged.mp4"]


def test_file_that_was_changed_is_refused(tmp_path: Path) -> None:
    source = tmp_path / "clip.mp4"
    size = source.write_bytes(clip(SOURCE).read_bytes())

    class Late(ThreadPoolExecutor):
        """Other machines have other files of that name."""

        def submit(self, *arguments: Any, **keywords: Any) -> Future[Any]:  # type: ignore[override]
            if source.stat().st_size == size:
                source.write_bytes(clip("hevc-bframes.mp4").read_bytes())
            return super().submit(*arguments, **keywords)

    with Late(1) as executor, pytest.raises(DataError, match="is not the file that was divided"):
        parts(tmp_path / "out.mp4", executor, source=source)
    assert names(tmp_path) == ["clip.mp4"]


def test_closure_goes_where_nothing_is_pickled(tmp_path: Path, pool: Executor) -> None:
    seen: list[int] = []

    def note(frame: VideoFrame) -> VideoFrame:
        seen.append(frame.timestamp)
        return frame

    parts(tmp_path / "out.mp4", pool, map_frame=note)
    assert len(seen) == 45
    said = pytest.raises(InvalidArgumentError, match="cannot be pickled")
    with ProcessPoolExecutor(1) as processes, said:
        parts(tmp_path / "other.mp4", processes, map_frame=note)
    assert names(tmp_path) == ["out.mp4"]


class Others(ThreadPoolExecutor):
    """Its workers have other encoders, each another one."""

    def submit(  # type: ignore[override]
        self, function: Any, *arguments: Any
    ) -> Future[Any]:
        def work() -> Any:
            result = function(*arguments)
            return result._replace(sets=(*result.sets, bytes((result.number,))))

        return super().submit(work)


def test_parts_of_other_encoders_are_not_joined(tmp_path: Path) -> None:
    said = "part 2 of 3 cannot be joined .* libx264 has written other parameter sets"
    with Others(1) as executor, pytest.raises(NotSupportedError, match=said):
        parts(tmp_path / "out.mp4", executor)
    assert names(tmp_path) == []
