"""File objects are read where they are: as little as is needed, and to the same result as paths."""

from __future__ import annotations

import gc
import io
import json
import os
import subprocess
import threading
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from clips import FRAMES, clip, run_ffmpeg, run_ffprobe
from demux_helpers import chunks
from file_objects import Filling, Own, Stream, film

import ffwebcodecs
from ffwebcodecs import (
    Demuxer,
    InvalidArgumentError,
    InvalidStateError,
    NotSupportedError,
    Video,
    VideoIndex,
    WebCodecsError,
    read_audio,
    read_frames,
    remux,
    transcode,
)

NAME = "h264-bframes.mp4"
_MIB = 1 << 20


def index_size(data: bytes) -> int:
    place = data.rfind(b"moov")
    return int.from_bytes(data[place - 4 : place], "big")


@pytest.mark.slow
@pytest.mark.divided
@pytest.mark.parametrize("kind", ["mp4", "front.mp4", "mkv"])
def test_one_picture_of_a_large_file_needs_little_of_it(kind: str, tmp_path: Path) -> None:
    path = film()
    if kind != "mp4":
        path = tmp_path / f"film.{kind}"
        run_ffmpeg("-i", film(), "-c", "copy", "-movflags", "+faststart", path)
    entries = "packet=pts_time,size,flags"
    said = json.loads(run_ffprobe("-show_entries", entries, "-select_streams", "v", path))
    packets = [(float(p["pts_time"]), int(p["size"]), "K" in p["flags"]) for p in said["packets"]]
    begins = [time for time, _, key in packets if key and time <= 15]
    group = sum(size for time, size, _ in packets if begins[-1] <= time <= 16)
    index = index_size(path.read_bytes()) if "mp4" in kind else 1 << 16
    file = Own(path)
    frames = read_frames(file, start=15_000_000)
    with next(frames) as frame:
        assert 15_000_000 <= frame.timestamp < 15_050_000
    frames.close()
    assert file.given <= index + group + _MIB
    assert file.given < path.stat().st_size / 3
    file.file.close()


def test_it_is_called_by_the_thread_that_calls() -> None:
    file = Own(clip(NAME), most=5000)
    with Demuxer(file) as demuxer:
        demuxer.seek(500_000)
        assert sum(1 for _ in demuxer.chunks())
    assert sum(1 for _ in read_frames(Own(clip(NAME).read_bytes()), threads=4)) == FRAMES
    others: list[set[int]] = []

    def elsewhere() -> None:
        other = Own(clip(NAME).read_bytes(), most=5000)
        for frame in read_frames(other, threads=4, start=700_000):
            frame.close()
        others.append(other.threads)
        assert other.threads == {threading.get_ident()}

    thread = threading.Thread(target=elsewhere)
    thread.start()
    thread.join()
    assert file.threads == {threading.get_ident()}
    assert len(others[0]) == 1 and others[0] != file.threads
    file.file.close()


_KINDS: list[Callable[[bytes], Any]] = [
    Own,
    Filling,
    lambda data: Own(data, most=777),
]
_NAMES = [NAME, "vp9.webm", "h264-bframes.ts", "h264-bframes.h264", "mpeg4.avi"]


@pytest.mark.divided
@pytest.mark.parametrize("kind", _KINDS)
@pytest.mark.parametrize("name", _NAMES)
def test_objects_give_what_their_path_gives(name: str, kind: Callable[[bytes], Any]) -> None:
    path = clip(name)
    data = path.read_bytes()
    assert chunks(kind(data)) == chunks(path)
    with Video(path) as video, Video(kind(data)) as other:
        assert other.timestamps.tolist() == video.timestamps.tolist()
        for index in (30, 3, -1, 0):
            with video[index] as expected, other[index] as given:
                assert (given.to_ndarray() == expected.to_ndarray()).all()
        assert other.check() == video.check()
    with Demuxer(path) as whole, Demuxer(kind(data)) as half:
        assert half.streams == whole.streams and half.origin == whole.origin
        for one in (half, whole):
            one.seek(900_000)
        found = [[(c.timestamp, c.byte_length) for c in one.chunks()] for one in (half, whole)]
        assert found[0] == found[1]


@pytest.mark.parametrize("name", ["h264-with-audio.mp4"])
def test_sound_copies_and_indices_are_those_of_the_path(name: str) -> None:
    path = clip(name)
    data = path.read_bytes()
    assert (read_audio(Own(data)).data == read_audio(path).data).all()
    results: list[bytes] = []
    for source in (path, Own(data), io.BytesIO(data)):
        out = io.BytesIO()
        remux(source, out, format="matroska")
        results.append(out.getvalue())
    assert len({len(each) for each in results}) == 1
    for source in (path, Own(data)):
        out = io.BytesIO()
        transcode(source, out, format="mp4", codec="ffmpeg:mpeg4", audio="copy", stop=500_000)
        results.append(out.getvalue())
    assert len(results[-1]) == len(results[-2])
    index = VideoIndex(path)
    index.verify(Own(data))
    with Video(Own(data), index=index) as video, video[20] as frame:
        assert frame.timestamp == video.timestamps[20]
    with pytest.raises(InvalidArgumentError):
        index.verify(io.BytesIO(data[:-1]))


@pytest.mark.parametrize("begin", [1, 100, 70_000])
def test_it_begins_where_the_object_stands(begin: int) -> None:
    data = bytes(begin) + clip(NAME).read_bytes()
    for file in (Own(data), io.BytesIO(data), Stream(data)):
        file.seek(begin) if hasattr(file, "seek") else file.read(begin)
        assert chunks(file) == chunks(clip(NAME))


@pytest.mark.slow
def test_a_plain_file_is_read_beside_its_own_place(tmp_path: Path) -> None:
    padded = tmp_path / "padded"
    padded.write_bytes(b"x" * 100 + film().read_bytes())
    for buffering in (-1, 0):
        with padded.open("rb", buffering) as file:
            file.seek(100)
            with Demuxer(file) as demuxer:
                file.seek(3)  # which is nobody else's business
                assert sum(1 for _ in demuxer.chunks()) == 500
                assert file.read(1) == b"x"
                demuxer.seek(0)
                file.close()
                with pytest.raises(ValueError, match="closed file"):
                    list(demuxer.chunks())


def test_a_file_whose_read_is_replaced_is_no_plain_one() -> None:
    with clip(NAME).open("rb") as file:
        asked: list[int] = []
        read = file.read
        file.read = lambda size=-1: asked.append(size) or read(size)  # type: ignore[method-assign,func-returns-value]
        assert chunks(file) == chunks(clip(NAME))
        assert asked


def test_others_may_move_it_between_two_calls() -> None:
    file = Own(clip(NAME).read_bytes(), most=1000)
    with Demuxer(file) as demuxer:
        found = []
        for chunk in demuxer.chunks():
            found.append(chunk.timestamp)
            file.seek(17)
    assert len(found) == FRAMES


def test_going_back_reads_nothing_again() -> None:
    file = Own(clip(NAME).read_bytes())
    with Demuxer(file) as demuxer:
        first = [chunk.timestamp for chunk in demuxer.chunks()]
        given = file.given
        for _ in range(3):
            demuxer.seek(0)
            assert [chunk.timestamp for chunk in demuxer.chunks()] == first
        assert file.given == given


def test_what_cannot_seek_is_a_stream() -> None:
    class Refusing(Own):
        def seek(self, offset: int, whence: int = 0) -> int:
            raise io.UnsupportedOperation("seek")

    class Saying(Own):
        def seekable(self) -> bool:
            return False

        def seek(self, offset: int, whence: int = 0) -> int:
            raise AssertionError("it said that it cannot")

    data = clip("h264-bframes.ts").read_bytes()
    expected = chunks(io.BytesIO(data))
    for file in (Refusing(data), Saying(data), Stream(data), Stream(data, most=999)):
        with Demuxer(file) as demuxer:
            assert [c.timestamp for c in demuxer.chunks()] == [time for _, time, _ in expected]


@pytest.mark.slow
def test_an_index_at_the_end_needs_seek() -> None:
    whole = film().read_bytes()
    for source in (Stream(whole), Stream(whole, most=5000)):
        with pytest.raises(NotSupportedError, match=r"needs seek\(\)"):
            next(iter(read_frames(source)))
    with subprocess.Popen(["cat", film()], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        with pytest.raises(NotSupportedError, match=r"needs seek\(\)"):
            Demuxer(f"/dev/fd/{process.stdout.fileno()}")
        process.kill()


@pytest.mark.parametrize("name", [NAME, "vp9.webm", "h264-bframes.ts", "mpeg4.avi"])
@pytest.mark.parametrize("error", [io.UnsupportedOperation, NotImplementedError, ValueError])
def test_the_size_may_be_unknown(name: str, error: type[Exception]) -> None:
    class Endless(Own):
        def seek(self, offset: int, whence: int = 0) -> int:
            if whence == 2:
                raise error("its end is not known")
            return super().seek(offset, whence)

    file = Endless(clip(name).read_bytes())
    with Demuxer(file) as demuxer:
        assert sum(1 for _ in demuxer.chunks()) == len(chunks(clip(name)))
        if name != "h264-bframes.ts":  # which is sought in by halves
            demuxer.seek(0)
            assert next(demuxer.chunks()).type == "key"


def test_it_stays_its_owners() -> None:
    file = Own(clip(NAME).read_bytes())
    found = weakref.ref(file)
    demuxer = Demuxer(file)
    next(demuxer.chunks())
    demuxer.close()
    assert not file.file.closed
    del file
    assert found() is None, "a closed demuxer holds it"
    file = Own(clip(NAME).read_bytes())
    found = weakref.ref(file)
    demuxer = Demuxer(file)
    with pytest.warns(ResourceWarning, match="unclosed demuxer"):
        del demuxer
    del file
    assert found() is None


def test_a_cycle_through_the_object_is_collected() -> None:
    file = Own(clip(NAME).read_bytes())
    found = weakref.ref(file)
    file.demuxer = Demuxer(file)  # type: ignore[attr-defined]
    del file
    with pytest.warns(ResourceWarning, match="unclosed demuxer"):
        gc.collect()
    assert found() is None
    assert not any(ffwebcodecs.open_handles().values())


def test_what_readinto_gets_may_be_kept() -> None:
    file = Filling(clip(NAME).read_bytes())
    expected = chunks(clip(NAME))
    assert chunks(file) == expected
    assert file.views
    again = Filling(clip(NAME).read_bytes())
    with Demuxer(again) as demuxer:
        for view in again.views:  # what is written there later changes nothing
            view[:] = bytes(len(view))
        assert [c.byte_length for c in demuxer.chunks()] == [size for _, _, size in expected]
    for view in (*file.views, *again.views):
        view[0] = 1


class Wrong:
    """Answers one thing."""

    def __init__(self, answer: Any) -> None:
        self._answer = answer

    def read(self, size: int) -> Any:
        return self._answer(size) if callable(self._answer) else self._answer


class WrongFilling(Wrong):
    read = None  # type: ignore[assignment]

    def readinto(self, buffer: Any) -> Any:
        return self._answer(len(buffer)) if callable(self._answer) else self._answer


@pytest.mark.once
@pytest.mark.parametrize(
    ("file", "error", "words"),
    [
        (Wrong("text"), InvalidArgumentError, "rb"),
        (Wrong(5), InvalidArgumentError, r"read\(\) must return bytes, got int"),
        (Wrong([1]), InvalidArgumentError, r"read\(\) must return bytes, got list"),
        (Wrong(memoryview(b"abcd")[::2]), InvalidArgumentError, "must return bytes"),
        (Wrong(lambda size: bytes(size + 1)), OSError, r"read\(65536\) returned 65537 bytes"),
        (Wrong(None), BlockingIOError, "nothing to read yet"),
        (WrongFilling(-1), OSError, r"readinto\(\) returned -1"),
        (WrongFilling(lambda size: size + 1), OSError, "returned 65537 for 65536 bytes"),
        (WrongFilling(None), BlockingIOError, "nothing to read yet"),
        (WrongFilling("x"), OSError, "returned 'x'"),
        (io.StringIO("text"), InvalidArgumentError, "rb"),
    ],
)
def test_wrong_answers_are_told(file: Any, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        Demuxer(file)


@pytest.mark.once
@pytest.mark.slow
def test_a_wrong_place_is_told() -> None:
    class Elsewhere(Own):
        def seek(self, offset: int, whence: int = 0) -> int:
            return super().seek(offset, whence) + (offset > 0)

    class Nowhere(Own):
        def tell(self) -> Any:
            return "here"

    for kind, words in (
        (Elsewhere, r"seek\(\d+\) went to"),
        (Nowhere, "'here', which is no place"),
    ):
        with pytest.raises(OSError, match=words):
            Demuxer(kind(film().read_bytes()))


@pytest.mark.once
def test_an_async_read_is_refused() -> None:
    class Async:
        async def read(self, size: int) -> bytes:
            return b""

    with pytest.raises(InvalidArgumentError, match="async read"):
        Demuxer(Async())


def test_a_playlist_is_refused() -> None:
    text = b"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nclip.ts\n#EXT-X-ENDLIST\n"
    with pytest.raises(NotSupportedError, match="bytes and file objects may not"):
        Demuxer(Own(text), format="hls", playlists=True)
    with pytest.raises(WebCodecsError):  # newer releases know one by its name only
        Demuxer(Own(text), playlists=True)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_fork_leaves_it_to_its_parent() -> None:
    file = Own(clip(NAME).read_bytes())
    with Demuxer(file) as demuxer:
        taken = demuxer.chunks()
        next(taken)
        calls = file.calls
        child = os.fork()
        if not child:
            code = 1
            try:
                demuxer.seek(0)
            except InvalidStateError:
                demuxer.close()
                code = int(file.calls != calls)
            os._exit(code)
        assert os.waitpid(child, 0)[1] == 0
        assert sum(1 for _ in taken) == FRAMES - 1
