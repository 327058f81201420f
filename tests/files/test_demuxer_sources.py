"""Demuxer: every kind of source gives the same chunks, and none stays open."""

from __future__ import annotations

import gc
import io
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from clips import FRAMES, clip
from demux_helpers import NAME, chunks

import ffwebcodecs
from ffwebcodecs import (
    Demuxer,
    EncodingError,
    InvalidArgumentError,
    NotSupportedError,
    WebCodecsError,
    read_frames,
)
from ffwebcodecs._ffi import version

pytestmark = pytest.mark.divided


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
        if name == NAME and version("avcodec") < (59,):
            # Its index is at the end, and less is kept than even of this short film.
            with pytest.raises(NotSupportedError, match="seek"):
                chunks(sources.pop())
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
    for source in (data, clip(NAME)):
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


class Slow(io.RawIOBase):
    """A raw file that has nothing yet when it is asked for the second time."""

    def __init__(self, *blocks: object) -> None:
        self.blocks = list(blocks)

    def read(self, size: int = -1) -> Any:
        return self.blocks.pop(0)


def test_source_that_has_nothing_yet_is_not_at_its_end() -> None:
    data = clip("h264-bframes.mp4").read_bytes()
    with pytest.raises(BlockingIOError, match="nothing to read yet"):
        Demuxer(Slow(data[:3000], None, data[3000:], b""))


@pytest.mark.parametrize("block", [5, [1], object()])
def test_source_that_gives_no_bytes_is_refused(block: object) -> None:
    with pytest.raises(InvalidArgumentError, match=r"read\(\) must return bytes"):
        Demuxer(Slow(block))
