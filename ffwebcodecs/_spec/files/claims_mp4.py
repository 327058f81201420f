"""What the header of an MP4 or MOV file claims, and each of its fragments; see `claims`."""

from __future__ import annotations

import struct
import zlib

from ...errors import NotSupportedError

TYPE_CHECKING = False  # typing's own costs an import
if TYPE_CHECKING:
    from collections.abc import Iterator

    from .limits import Claims, Reader

_MOST_BOXES = 1 << 20
_Box = tuple[bytes, int, int]  # type, first byte of the content, byte after it

_CONTAINERS = (b"trak", b"mdia", b"minf", b"stbl", b"udta", b"moov", b"meta", b"ilst", b"cmov")
_LISTS = (b"udta", b"ilst", b"keys")


class _Track:
    """What a track's tables say of how many samples it has."""

    def __init__(self) -> None:
        self.kinds: set[bytes] = set()
        self.samples = 0
        self.plain = True  # each sample lasts for one unit of time
        self.chunks = 0
        self.longest = 0  # chunk, in samples

    def entries(self) -> int:
        """Return how many entries of FFmpeg's index that makes.

        Sound without compression has a sample for each moment; it puts a thousand of them into one
        entry.
        """
        if self.plain and self.kinds == {b"soun"}:
            return self.chunks * -(-self.longest // 1024)
        return self.samples

    def look_at(self, kind: bytes, data: bytes, first: int, last: int) -> None:
        """Take in one box."""
        if kind == b"hdlr":
            self.kinds.add(data[first + 8 : first + 12])
        elif kind in (b"stsz", b"stz2"):
            self.samples += struct.unpack_from(">I", data, first + 8)[0]
        elif kind == b"stts":
            count = struct.unpack_from(">I", data, first + 4)[0]
            duration = struct.unpack_from(">I", data, first + 12)[0] if count else 0
            self.plain = self.plain and count == duration == 1
        elif kind in (b"stco", b"co64"):
            self.chunks += struct.unpack_from(">I", data, first + 4)[0]
        elif kind == b"stsc":
            for at in range(first + 8, last - 11, 12):
                self.longest = max(self.longest, struct.unpack_from(">I", data, at + 4)[0])


class Mp4Claims:
    def __init__(self, claims: Claims) -> None:
        self._claims = claims
        self._track: _Track | None = None
        self._unpacked = False

    def walk_file(self, read: Reader) -> None:
        at = 0
        for _ in range(_MOST_BOXES):
            head = read(at, 16)
            if len(head) < 8:
                return
            size, kind = struct.unpack_from(">I4s", head)
            start = 8
            if size == 1:
                size, start = struct.unpack_from(">Q", head, 8)[0], 16
            if kind in (b"moov", b"moof", b"udta", b"meta"):
                content = read(at + start, size - start if size else 1 << 62)
                if kind == b"moof":
                    self._fragment(content)
                else:
                    self._walk(content, 0, len(content), kind)
            if size < start:
                return
            at += size

    def _walk(self, data: bytes, at: int, end: int, parent: bytes) -> None:
        stack = [(at, end, parent)]
        while stack:
            at, end, parent = stack.pop()
            if parent == b"meta" and data[at + 4 : at + 8] != b"hdlr":
                at += 4  # in MP4 it has a version, in QuickTime it has not
            for kind, first, last in boxes(data, at, end):
                if parent in _LISTS:
                    self._claims.add("max_tags", 1, "tags")
                if kind in _CONTAINERS:
                    if kind == b"trak" and self._track is None:
                        self._walk_track(data, first, last)
                    else:
                        stack.append((first, last, kind))
                elif kind == b"cmvd":
                    self._compressed(data, first, last)
                elif self._track is not None:
                    self._track.look_at(kind, data, first, last)

    def _walk_track(self, data: bytes, first: int, last: int) -> None:
        self._claims.add("max_streams", 1, "streams")
        track = self._track = _Track()
        try:
            self._walk(data, first, last, b"trak")
        finally:
            self._track = None
        self._claims.add("max_samples", track.entries(), "samples")

    def _compressed(self, data: bytes, first: int, last: int) -> None:
        claimed = struct.unpack_from(">I", data, first)[0]
        self._claims.add("max_header", claimed, "bytes of header")
        if self._unpacked:
            raise NotSupportedError("it has a compressed header inside a compressed header")
        self._unpacked = True
        try:
            whole = zlib.decompressobj().decompress(data[first + 4 : last], max(claimed, 1))
        except zlib.error:
            return
        self._walk(whole, 0, len(whole), b"")

    def _fragment(self, data: bytes) -> None:
        at = data.find(b"trun")
        while at >= 0:
            flags, count = struct.unpack_from(">II", data, at + 4)
            if not flags & 0xF00:  # nothing is said of each sample, so they take no bytes
                self._claims.add("max_samples", count, "samples")
            at = data.find(b"trun", at + 12)


_HEAD = struct.Struct(">I4s")


def boxes(data: bytes, at: int, end: int) -> Iterator[_Box]:
    head_of = _HEAD.unpack_from
    while at + 8 <= end:
        size, kind = head_of(data, at)
        start = at + 8
        if size == 1 and at + 16 <= end:
            size, start = struct.unpack_from(">Q", data, at + 8)[0], at + 16
        last = end if size == 0 else min(at + size, end)
        if last < start:
            return
        yield kind, start, last
        at = last
