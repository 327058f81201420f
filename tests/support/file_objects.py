"""File objects of a program's own: that count, that raise, that give little at a time."""

from __future__ import annotations

import functools
import io
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from clips import CACHE, ffmpeg_version, run_ffmpeg


class Own:
    """Reads bytes, or a file, and notes how often it was called, for how much, in which thread.

    `at` is the number of the call that does `act` first; `most` is what it gives at a time.
    """

    def __init__(
        self,
        data: bytes | os.PathLike[str],
        *,
        most: int = 1 << 30,
        at: int = -1,
        act: Callable[[], object] = lambda: None,
    ) -> None:
        self.file: Any = io.BytesIO(data) if isinstance(data, bytes) else io.FileIO(data)
        self.most = most
        self.at = at
        self.act = act
        self.calls = 0
        self.given = 0
        self.threads: set[int] = set()

    def _called(self) -> None:
        number, self.calls = self.calls, self.calls + 1
        self.threads.add(threading.get_ident())
        if number == self.at:
            self.act()

    def read(self, size: int) -> bytes:
        self._called()
        data: bytes = self.file.read(min(size, self.most))
        self.given += len(data)
        return data

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        self._called()
        place: int = self.file.seek(offset, whence)
        return place

    def tell(self) -> int:
        self._called()
        place: int = self.file.tell()
        return place


class Stream:
    """Gives bytes once, and has nothing but `read`."""

    def __init__(self, data: bytes, most: int = 1 << 30) -> None:
        self._file = io.BytesIO(data)
        self._most = most

    def read(self, size: int) -> bytes:
        return self._file.read(min(size, self._most))


class Filling:
    """Has `readinto` only, and keeps what it was given."""

    def __init__(self, data: bytes) -> None:
        self._file = io.BytesIO(data)
        self.seek = self._file.seek
        self.tell = self._file.tell
        self.views: list[memoryview] = []

    def readinto(self, buffer: Any) -> int:
        self.views.append(memoryview(buffer))
        return self._file.readinto(buffer)


@functools.cache
def film() -> Path:
    """A film of 10 MB, more than is kept in memory, with a key frame each of its 20 seconds, and
    its index at the end.
    """
    path = CACHE / "clips" / f"film-{'.'.join(map(str, ffmpeg_version()))}.mp4"
    if path.exists():
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    part, whole = (path.with_name(f"{os.getpid()}-{each}.mp4") for each in ("part", "whole"))
    noise = "testsrc2=s=320x240:r=25,noise=alls=90:allf=t"
    run_ffmpeg(
        "-f", "lavfi", "-i", noise, *["-t", "1", "-c:v", "mpeg4", "-q:v", "2", "-g", "25"], part
    )
    run_ffmpeg("-stream_loop", "19", "-i", part, "-c", "copy", whole)
    part.unlink()
    assert whole.stat().st_size > 9 << 20
    return whole.rename(path)
