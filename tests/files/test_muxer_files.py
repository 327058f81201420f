"""A muxed file is there, complete, or it is not there."""

from __future__ import annotations

import codecs
import gc
import gzip
import io
import os
import subprocess
import sys
import tempfile
import threading
import warnings
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from clips import ROOT, clip, real_clip
from decode_helpers import stream
from mux_helpers import copy, mux, packets

import ffwebcodecs
from ffwebcodecs import EncodedVideoChunk, InvalidArgumentError, InvalidStateError, Muxer

OLD = b"what was there before"


def written(tmp_path: Path) -> list[str]:
    return sorted(path.name for path in tmp_path.iterdir())


def test_file_appears_at_close_and_not_before(tmp_path: Path) -> None:
    source, path = stream("vp9.webm"), tmp_path / "a.webm"
    muxer = Muxer(path)
    for chunk in source.chunks():
        muxer.add_chunk(chunk, source.config)
        assert not path.exists()
        assert len(written(tmp_path)) == 1  # the temporary one, in the same folder
    muxer.close()
    assert written(tmp_path) == ["a.webm"]
    assert len(packets(path)) == len(source.records)


def test_close_without_a_chunk_leaves_nothing(tmp_path: Path) -> None:
    Muxer(tmp_path / "a.mp4").close()
    assert written(tmp_path) == []


@pytest.mark.parametrize("count", [0, 3, 45])
@pytest.mark.parametrize("old", [True, False])
def test_exception_in_the_block_discards(count: int, old: bool, tmp_path: Path) -> None:
    source, path = stream("vp9.webm"), tmp_path / "a.webm"
    if old:
        path.write_bytes(OLD)
    with pytest.raises(ZeroDivisionError), Muxer(path) as muxer:
        for chunk in source.chunks()[:count]:
            muxer.add_chunk(chunk, source.config)
        raise ZeroDivisionError
    assert written(tmp_path) == (["a.webm"] if old else [])
    assert not old or path.read_bytes() == OLD


@pytest.mark.parametrize("count", [0, 3, 45])
def test_discard_leaves_what_was_there(count: int, tmp_path: Path) -> None:
    source, path = stream("vp9.webm"), tmp_path / "a.webm"
    path.write_bytes(OLD)
    muxer = Muxer(path)
    for chunk in source.chunks()[:count]:
        muxer.add_chunk(chunk, source.config)
    muxer.discard()
    muxer.discard()
    muxer.close()
    assert muxer.closed
    assert path.read_bytes() == OLD
    assert written(tmp_path) == ["a.webm"]


def test_old_file_is_replaced_only_when_complete(tmp_path: Path) -> None:
    source, path = stream("vp9.webm"), tmp_path / "a.webm"
    path.write_bytes(OLD)
    with Muxer(path) as muxer:
        for chunk in source.chunks():
            muxer.add_chunk(chunk, source.config)
            assert path.read_bytes() == OLD
    assert len(packets(path)) == len(source.records)


def test_muxer_that_is_dropped_warns_and_discards(tmp_path: Path) -> None:
    source = stream("vp9.webm")
    muxer = Muxer(tmp_path / "a.webm")
    muxer.add_chunk(source.chunks()[0], source.config)
    with pytest.warns(ResourceWarning, match=r"a\.webm.*never closed.*discarded"):
        del muxer
        gc.collect()
    assert written(tmp_path) == []
    # The recorded warning holds the muxer, which must not hold anything any more.
    assert not any(ffwebcodecs.open_handles().values())


def test_close_and_discard_do_not_warn(tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Muxer(tmp_path / "a.webm").close()
        Muxer(tmp_path / "a.webm").discard()
        gc.collect()


def test_use_after_close_is_an_error(tmp_path: Path) -> None:
    source = stream("vp9.webm")
    muxer = Muxer(tmp_path / "a.webm")
    mux_one = source.chunks()[0]
    muxer.add_chunk(mux_one, source.config)
    muxer.close()
    muxer.close()
    with pytest.raises(InvalidStateError, match=r"a\.webm.*closed"):
        muxer.add_chunk(mux_one, source.config)
    with pytest.raises(InvalidStateError), muxer:
        pass


def test_symbolic_link_stays_one(tmp_path: Path) -> None:
    real, link = tmp_path / "real.mkv", tmp_path / "link.mkv"
    real.write_bytes(OLD)
    link.symlink_to(real)
    copy(clip("vp9.webm"), link)
    assert link.is_symlink()
    assert len(packets(real)) == 45


@pytest.mark.parametrize("name", ["a b'c;d%d.mp4", "ä日本.mp4", "c:d.mp4", "-x.mp4"])
def test_odd_names_are_names(name: str, tmp_path: Path) -> None:
    copy(clip("h264-bframes.mp4"), tmp_path / name)
    assert written(tmp_path) == [name]


def test_relative_paths_and_bytes_paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    copy(clip("vp9.webm"), "a.webm")
    assert written(tmp_path) == ["a.webm"]


def test_file_object_gets_the_same_bytes(tmp_path: Path) -> None:
    path, memory = tmp_path / "a.mp4", io.BytesIO()
    copy(clip("h264-bframes.mp4"), path)
    copy(clip("h264-bframes.mp4"), memory, format="mp4")
    assert memory.getvalue() == path.read_bytes()


class OneWay:
    """Takes a little at a time, and cannot seek."""

    def __init__(self) -> None:
        self.content = bytearray()

    def write(self, data: Any) -> int:
        taken = bytes(data[:1000])
        self.content += taken
        return len(taken)


def test_file_object_may_take_less_than_all() -> None:
    memory, slow = io.BytesIO(), OneWay()
    copy(clip("h264-bframes.mp4"), memory, format="mp4")
    copy(clip("h264-bframes.mp4"), slow, format="mp4")
    assert bytes(slow.content) == memory.getvalue()


def test_pipe_gets_a_whole_file() -> None:
    memory, received = io.BytesIO(), []
    copy(clip("h264-bframes.mp4"), memory, format="mp4")
    reading, writing = os.pipe()

    def read() -> None:
        with open(reading, "rb") as file:
            received.append(file.read())

    thread = threading.Thread(target=read)
    thread.start()
    with open(writing, "wb") as file:
        copy(clip("h264-bframes.mp4"), file, format="mp4")
        assert not file.closed
    thread.join(10)
    assert received == [memory.getvalue()]


def test_suffix_of_an_open_file_decides(tmp_path: Path) -> None:
    path = tmp_path / "a.webm"
    with path.open("wb") as file:
        copy(clip("vp9.webm"), file)
    assert path.read_bytes()[:4] == b"\x1aE\xdf\xa3"  # EBML
    assert len(packets(path)) == 45


def test_discarded_file_object_gets_nothing() -> None:
    source, memory = stream("vp9.webm"), io.BytesIO()
    with pytest.raises(ZeroDivisionError), Muxer(memory, format="webm") as muxer:
        for chunk in source.chunks():
            muxer.add_chunk(chunk, source.config)
        raise ZeroDivisionError
    assert memory.getvalue() == b""


def test_file_object_that_fails_gives_its_own_error() -> None:
    class Broken:
        def write(self, data: Any) -> int:
            raise KeyError("full")

    source = stream("vp9.webm")
    muxer = Muxer(Broken(), format="webm")
    muxer.add_chunk(source.chunks()[0], source.config)
    with pytest.raises(KeyError, match="full"):
        muxer.close()
    assert muxer.closed


def test_device_is_written_and_not_replaced() -> None:
    if not os.path.exists("/dev/full"):
        pytest.skip("no /dev/full here")
    copy(clip("vp9.webm"), "/dev/null", format="webm")
    with pytest.raises(OSError, match="No space left"):
        copy(clip("vp9.webm"), "/dev/full", format="webm")


@pytest.mark.parametrize("path", ["no/such/folder/a.mp4", "a.mp4/"])
def test_folder_that_is_not_there_is_an_oserror(path: str, tmp_path: Path) -> None:
    with pytest.raises((OSError, InvalidArgumentError), match=r"a\.mp4"):
        Muxer(tmp_path / path if not path.endswith("/") else f"{tmp_path}/{path}")


def test_folder_in_place_of_the_file_is_an_oserror(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").mkdir()
    with pytest.raises(IsADirectoryError, match=r"a\.mp4"):
        Muxer(tmp_path / "a.mp4")


LIMITED = """
import os, resource, sys
from ffwebcodecs import Demuxer, Muxer, open_handles
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
try:
    with Demuxer(sys.argv[1]) as demuxer, Muxer(sys.argv[2]) as muxer:
        for chunk in demuxer.chunks():
            muxer.add_chunk(chunk, demuxer.video_config)
except OSError as error:
    print(type(error).__name__, error.strerror, os.listdir(os.path.dirname(sys.argv[2])))
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="needs a limit of the file size")
@pytest.mark.parametrize("suffix", ["mp4", "mkv", "ts"])
def test_disk_that_is_full_leaves_no_file(suffix: str, tmp_path: Path) -> None:
    command = [sys.executable, "-c", LIMITED, clip("h264-bframes.mp4"), tmp_path / f"a.{suffix}"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    assert done.stdout == "OSError File too large []\n", done.stderr


def test_folder_that_vanishes_is_an_oserror_that_names_the_file(tmp_path: Path) -> None:
    source, folder = stream("vp9.webm"), tmp_path / "folder"
    folder.mkdir()
    with pytest.raises(OSError) as caught, Muxer(folder / "a.mp4") as muxer:
        for chunk in source.chunks():
            muxer.add_chunk(chunk, source.config)
        for path in folder.iterdir():
            path.unlink()
        folder.rmdir()
    assert caught.value.filename == str(folder / "a.mp4")


def test_threads_may_share_a_muxer(tmp_path: Path) -> None:
    source, path = stream("vp9.webm"), tmp_path / "a.webm"
    with Muxer(path) as muxer:
        muxer.add_chunk(source.chunks()[0], source.config)
        rest = iter(source.chunks()[1:])
        lock = threading.Lock()

        def work() -> None:
            while True:
                with lock:
                    chunk = next(rest, None)
                    if chunk is None:
                        return
                    muxer.add_chunk(chunk)

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(10)
    assert len(packets(path)) == len(source.records)


def test_chunks_are_released_at_once(tmp_path: Path) -> None:
    source = stream("vp9.webm")
    with Muxer(tmp_path / "a.webm") as muxer:
        for record in source.records:
            muxer.add_chunk(record.chunk(), source.config)
        # Those of the last chunk, and of the muxer itself; none that wait.
        assert ffwebcodecs.open_handles()["packet"] <= 4


def test_lent_memory_is_not_changed(tmp_path: Path) -> None:
    source = stream("h264-bframes.mp4")
    lent = [bytearray(record.data) for record in source.records]
    chunks = [
        EncodedVideoChunk(type=r.type, timestamp=r.timestamp, data=data, transfer=True)
        for r, data in zip(source.records, lent, strict=True)
    ]
    for suffix in ("avi", "ts", "mp4"):
        mux(tmp_path / f"a.{suffix}", source.config, chunks)
        assert [bytes(data) for data in lent] == [record.data for record in source.records]
    del chunks


class Sink(io.RawIOBase):
    """A raw file whose `write` answers as it is told."""

    def __init__(self, *answers: object) -> None:
        self.answers = list(answers)
        self.taken = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> Any:
        answer = self.answers.pop(0) if self.answers else len(data)
        if isinstance(answer, int) and 0 <= answer <= len(data):
            self.taken += data[:answer]
        return answer


class PlainSink:
    """No file of Python's: its `write` may say nothing."""

    def __init__(self) -> None:
        self.taken = bytearray()

    def write(self, data: Any) -> None:
        self.taken += data


@pytest.mark.parametrize(
    ("answers", "error"),
    [
        ((None,), BlockingIOError),
        ((10, None), BlockingIOError),
        ((0,), BlockingIOError),
        ((-5,), OSError),
        ((10**30,), OSError),
        (("all",), OSError),
    ],
)
def test_raw_file_that_takes_nothing_is_an_error(
    answers: tuple[object, ...], error: type[OSError]
) -> None:
    sink = Sink(*answers)
    with pytest.raises(error, match=r"write\(\)"):
        ffwebcodecs.remux(clip("h264-bframes.mp4"), sink, format="mkv")
    assert len(sink.taken) == (10 if 10 in answers else 0)


def test_blocking_error_tells_how_much_was_written() -> None:
    with pytest.raises(BlockingIOError) as caught:
        ffwebcodecs.remux(clip("h264-bframes.mp4"), Sink(10, 7, None), format="mkv")
    assert caught.value.characters_written == 17


def test_raw_file_that_takes_a_little_gets_all() -> None:
    whole, bit_by_bit, plain = io.BytesIO(), Sink(1, 2, 3, 100), PlainSink()
    for sink in (whole, bit_by_bit, plain):
        ffwebcodecs.remux(clip("h264-bframes.mp4"), sink, format="mp4")
    assert bit_by_bit.taken == plain.taken == whole.getvalue()


class HalvingSink:
    """Takes half of what it is given and tells how much with `number`."""

    def __init__(self, number: Any) -> None:
        self.taken = bytearray()
        self._number = number

    def write(self, data: Any) -> Any:
        half = (len(data) + 1) // 2
        self.taken += data[:half]
        return self._number(half)


class Index:
    def __init__(self, value: int) -> None:
        self._value = value

    def __index__(self) -> int:
        return self._value


@pytest.mark.parametrize("number", [int, np.int64, np.uint32, Index])
def test_any_integer_tells_how_much_was_taken(number: Any) -> None:
    whole, sink = io.BytesIO(), HalvingSink(number)
    for target in (whole, sink):
        ffwebcodecs.remux(clip("h264-bframes.mp4"), target, format="mp4")
    assert sink.taken == whole.getvalue()


async def promise(number: int) -> int:
    return number


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("number", [float, str, promise])
def test_sink_that_tells_no_number_has_not_taken_all(number: Any) -> None:
    with pytest.raises(OSError, match="no number of bytes"):
        ffwebcodecs.remux(clip("h264-bframes.mp4"), HalvingSink(number), format="mp4")


class AsyncSink:
    async def write(self, data: Any) -> int:
        return len(data)


def test_sink_that_would_have_to_be_awaited_is_refused() -> None:
    with pytest.raises(InvalidArgumentError, match="await"):
        Muxer(AsyncSink(), format="mp4")


TEXT_FILES: dict[str, Callable[[Path], Any]] = {
    "StringIO": lambda path: io.StringIO(),
    "named": lambda path: tempfile.NamedTemporaryFile("w", dir=path.parent),  # noqa: SIM115
    "spooled": lambda path: tempfile.SpooledTemporaryFile(mode="w"),  # noqa: SIM115
    "codecs.open": lambda path: codecs.open(str(path), "w", "utf-8"),  # noqa: SIM115
    "codecs.getwriter": lambda path: codecs.getwriter("utf-8")(io.BytesIO()),
}


@pytest.mark.filterwarnings("ignore:codecs.open:DeprecationWarning")
@pytest.mark.parametrize("name", TEXT_FILES)
def test_files_that_take_text_are_refused_before_anything_is_written(
    name: str, tmp_path: Path
) -> None:
    with (
        closing(TEXT_FILES[name](tmp_path / "a.mkv")) as file,
        pytest.raises(InvalidArgumentError, match="'wb'"),
    ):
        Muxer(file, format="mkv")


def test_temporary_files_and_compressed_ones_are_written(tmp_path: Path) -> None:
    whole = io.BytesIO()
    ffwebcodecs.remux(clip("h264-bframes.mp4"), whole, format="mp4")
    with tempfile.SpooledTemporaryFile(max_size=100) as file:
        ffwebcodecs.remux(clip("h264-bframes.mp4"), file, format="mp4")
        file.seek(0)
        assert file.read() == whole.getvalue()
    packed = tmp_path / "a.gz"
    with gzip.open(packed, "wb") as file:
        ffwebcodecs.remux(clip("h264-bframes.mp4"), file, format="mp4")
    assert gzip.decompress(packed.read_bytes()) == whole.getvalue()


@pytest.mark.skipif(not hasattr(os, "set_blocking"), reason="no such pipes here")
def test_pipe_that_does_not_wait_is_an_error_not_a_cut_file() -> None:
    source, target = os.pipe()
    os.set_blocking(target, False)
    with (
        open(source, "rb"),
        open(target, "wb", buffering=0) as sink,
        pytest.raises(BlockingIOError),
    ):
        ffwebcodecs.remux(real_clip(), sink, format="mp4")
