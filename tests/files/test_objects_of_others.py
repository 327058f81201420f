"""File objects of the standard library and of other packages, as they come."""

from __future__ import annotations

import bz2
import functools
import gzip
import http.server
import io
import mmap
import os
import socket
import subprocess
import tempfile
import threading
import urllib.request
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from clips import FRAMES, clip
from demux_helpers import chunks
from file_objects import film

from ffwebcodecs import Demuxer, Video, read_frames

NAME = "h264-bframes.mp4"


class Raw(io.RawIOBase):
    """A raw file of a program's own, that gives little at a time."""

    def __init__(self, data: bytes) -> None:
        self._file = io.BytesIO(data)

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        return self._file.readinto(memoryview(buffer)[:3000])

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        return self._file.seek(offset, whence)


def _zipped(path: Path, folder: Path, method: int) -> Any:
    with zipfile.ZipFile(folder / "films.zip", "w", method) as films:
        films.write(path, "film")
    return zipfile.ZipFile(folder / "films.zip").open("film")


def _packed(path: Path, folder: Path, pack: Callable[..., Any]) -> Any:
    with pack(folder / "packed", "wb") as file:
        file.write(path.read_bytes())
    return pack(folder / "packed", "rb")


def _spooled(path: Path, most: int) -> Any:
    file: Any = tempfile.SpooledTemporaryFile(most)  # noqa: SIM115
    file.write(path.read_bytes())
    file.seek(0)
    return file


def _temporary(path: Path, kind: Callable[[], Any]) -> Any:
    file = kind()
    file.write(path.read_bytes())  # which lies in Python's buffer, in part
    file.seek(0)
    return file


def _mapped(path: Path) -> Any:
    with path.open("rb") as file:
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)


_OBJECTS: dict[str, Callable[[Path, Path], Any]] = {
    "zip stored": lambda path, folder: _zipped(path, folder, zipfile.ZIP_STORED),
    "zip deflated": lambda path, folder: _zipped(path, folder, zipfile.ZIP_DEFLATED),
    "gzip": lambda path, folder: _packed(path, folder, gzip.open),
    "bz2": lambda path, folder: _packed(path, folder, bz2.open),
    "spooled in memory": lambda path, _: _spooled(path, 1 << 30),
    "spooled on disk": lambda path, _: _spooled(path, 100),
    "temporary": lambda path, _: _temporary(path, tempfile.TemporaryFile),
    "temporary with a name": lambda path, _: _temporary(path, tempfile.NamedTemporaryFile),
    "raw": lambda path, _: Raw(path.read_bytes()),
    "buffered over raw": lambda path, _: io.BufferedReader(Raw(path.read_bytes())),
    "random access": lambda path, _: io.BufferedRandom(io.FileIO(path, "rb+")),
    "mmap": lambda path, _: _mapped(path),
}


@pytest.mark.parametrize("kind", _OBJECTS)
def test_objects_of_the_standard_library(kind: str, tmp_path: Path) -> None:
    path = clip(NAME)
    if kind == "random access":
        path = tmp_path / "copy.mp4"
        path.write_bytes(clip(NAME).read_bytes())
    with _OBJECTS[kind](path, tmp_path) as file:
        with Demuxer(file) as demuxer:
            found = [c.timestamp for c in demuxer.chunks()]
            assert found == [time for _, time, _ in chunks(path)]
            demuxer.seek(1_000_000)
            assert next(demuxer.chunks()).type == "key"
        file.seek(0)
        with Video(file) as video, video[FRAMES - 1] as last, video[0] as first:
            assert (first.timestamp, last.timestamp) == (min(found), max(found))


@pytest.mark.once
def test_a_mapped_file_is_not_copied() -> None:
    with _mapped(film()) as mapped:
        mapped.seek(5)  # where it stands does not count: it is bytes as well
        before = len(os.listdir("/proc/self/fd"))
        with Demuxer(mapped) as demuxer:
            assert next(demuxer.chunks()).type == "key"
            assert len(os.listdir("/proc/self/fd")) == before


@pytest.fixture
def server() -> Iterator[str]:
    """A server of the clips on this machine, which knows of no ranges."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_: Any) -> None:
            pass

    folder = clip("h264-bframes.ts").parent
    handler = functools.partial(Quiet, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as served:
        thread = threading.Thread(target=served.serve_forever, args=(0.02,))
        thread.start()
        yield f"http://127.0.0.1:{served.server_port}"
        served.shutdown()
        thread.join()


def test_the_response_of_a_server_is_a_stream(server: str) -> None:
    path = clip("h264-bframes.ts")
    with urllib.request.urlopen(f"{server}/{path.name}") as response:
        assert sum(1 for _ in read_frames(response)) == FRAMES
        assert not response.isclosed() or response.read() == b""


def test_a_socket_is_read_as_its_bytes_come() -> None:
    data = clip("h264-bframes.ts").read_bytes()
    ours, theirs = socket.socketpair()
    with ours, theirs, ours.makefile("rb") as file:
        sent = threading.Thread(target=lambda: (theirs.sendall(data), theirs.shutdown(1)))
        sent.start()
        assert sum(1 for _ in read_frames(file)) == FRAMES
        sent.join()


def test_a_pipe_of_a_program_gives_what_is_there() -> None:
    """`read` of such a file waits for all that it was asked for: 64 KiB that never come."""
    path = clip("h264-bframes.ts")
    size = len(path.read_bytes()) // 2
    program = f"head -c {size} '{path}'; read go; tail -c +{size + 1} '{path}'"
    with subprocess.Popen(
        ["sh", "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdin is not None
        options = {"probesize": "2048", "analyzeduration": "0"}
        with Demuxer(process.stdout, format="mpegts", options=options) as demuxer:
            taken = demuxer.chunks()
            assert next(taken).type == "key"  # while the program waits
            process.stdin.write(b"\n")
            process.stdin.flush()
            assert sum(1 for _ in taken) > 0


def test_fsspec_in_memory() -> None:
    fsspec = pytest.importorskip("fsspec")
    memory = fsspec.filesystem("memory")
    memory.pipe("/films/clip.mp4", clip(NAME).read_bytes())
    with fsspec.open("memory://films/clip.mp4", "rb") as file:
        assert chunks(file) == chunks(clip(NAME))
    memory.rm("/films/clip.mp4")


class S3Object(io.RawIOBase):
    """An object of S3 through ranges of GET."""

    def __init__(self, client: Any, bucket: str, key: str) -> None:
        self._get = functools.partial(client.get_object, Bucket=bucket, Key=key)
        self._size: int = client.head_object(Bucket=bucket, Key=key)["ContentLength"]
        self._place = 0
        self.given = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._place

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        self._place = offset + (0, self._place, self._size)[whence]
        return self._place

    def readinto(self, buffer: Any) -> int:
        count = min(len(buffer), self._size - self._place)
        if count <= 0:
            return 0
        last = self._place + count - 1
        data = self._get(Range=f"bytes={self._place}-{last}")["Body"].read()
        buffer[: len(data)] = data
        self._place += len(data)
        self.given += len(data)
        return len(data)


@pytest.fixture(scope="module")
def s3() -> Iterator[Any]:
    """A server of S3 on this machine."""
    boto3 = pytest.importorskip("boto3")
    moto = pytest.importorskip("moto.server")
    server = moto.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    client = boto3.client(
        "s3",
        endpoint_url=f"http://{host}:{port}",
        region_name="us-east-1",
        aws_access_key_id="x",
        aws_secret_access_key="x",
    )
    client.create_bucket(Bucket="films")
    yield client
    client.close()
    server.stop()


@pytest.mark.slow
@pytest.mark.once
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_an_object_of_s3(s3: Any) -> None:
    s3.put_object(Bucket="films", Key="film.mp4", Body=film().read_bytes())
    file = S3Object(s3, "films", "film.mp4")
    frames = read_frames(file, start=15_000_000)
    with next(frames) as frame:
        assert frame.timestamp == 15_000_000
    frames.close()
    assert file.given < film().stat().st_size / 3
    s3.put_object(Bucket="films", Key="clip.ts", Body=clip("h264-bframes.ts").read_bytes())
    body = s3.get_object(Bucket="films", Key="clip.ts")["Body"]
    assert sum(1 for _ in read_frames(body)) == FRAMES  # its own body, which cannot seek
