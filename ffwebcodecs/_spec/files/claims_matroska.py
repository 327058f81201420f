"""What the header of a Matroska or WebM file claims; see `claims`."""

from __future__ import annotations

TYPE_CHECKING = False  # typing's own costs an import
if TYPE_CHECKING:
    from collections.abc import Iterator

    from .limits import Claims, Reader

_SMALL = 1 << 15  # no table of this many bytes has too much in it
_MOST_ELEMENTS = 1 << 16

_SEGMENT, _CLUSTER, _SEEK_HEAD = 0x18538067, 0x1F43B675, 0x114D9B74
_TAGS, _CHAPTERS, _TRACKS, _ATTACHMENTS = 0x1254C367, 0x1043A770, 0x1654AE6B, 0x1941A469
# Which elements are inside which, and what is counted.
_INSIDE = {
    _TAGS: (0x7373,),
    0x7373: (0x67C8,),
    0x67C8: (0x67C8,),
    _CHAPTERS: (0x45B9,),
    0x45B9: (0xB6,),
    0xB6: (0xB6,),
    _TRACKS: (0xAE,),
    _ATTACHMENTS: (0x61A7,),
}
_COUNTED = {
    0x67C8: ("max_tags", "tags"),
    0xB6: ("max_chapters", "chapters"),
    0xAE: ("max_streams", "streams"),
    0x61A7: ("max_streams", "streams and attachments"),
}


class MatroskaClaims:
    def __init__(self, claims: Claims, read: Reader) -> None:
        self._claims = claims
        self._read = read
        self._seen: set[int] = set()

    def walk(self) -> None:
        at = self._header(0)[2]
        kind, first, _ = self._header(at)
        if kind != _SEGMENT:
            return
        at = first
        for _ in range(_MOST_ELEMENTS):
            kind, start, end = self._header(at)
            if kind == _CLUSTER:
                return
            self._level1(at, kind, start, end)
            if kind == _SEEK_HEAD and end - start < _SMALL:
                self._follow(first, self._read(start, end - start))
            at = end

    def _header(self, at: int) -> tuple[int, int, int]:
        return _element(self._read(at, 12), 0, at)

    def _follow(self, base: int, data: bytes) -> None:
        for kind, first, last in _elements(data, 0, len(data)):
            if kind != 0x4DBB:
                continue
            for inner, start, end in _elements(data, first, last):
                if inner == 0x53AC:
                    at = base + int.from_bytes(data[start:end], "big")
                    self._level1(at, *self._header(at))

    def _level1(self, at: int, kind: int, start: int, end: int) -> None:
        if kind in _INSIDE and at not in self._seen:
            self._seen.add(at)
            if end - start > _SMALL or kind == _TRACKS:
                data = self._read(start, end - start)
                self._count(data, kind)

    def _count(self, data: bytes, kind: int) -> None:
        stack = [(0, len(data), kind)]
        while stack:
            at, end, kind = stack.pop()
            for inner, first, last in _elements(data, at, end):
                if inner in _INSIDE.get(kind, ()):
                    if inner in _COUNTED:
                        name, what = _COUNTED[inner]
                        self._claims.add(name, 1, what)
                    if inner in _INSIDE:
                        stack.append((first, last, inner))


def _element(data: bytes, at: int, base: int) -> tuple[int, int, int]:
    """Return number, first byte and end of the element at `at`, counted from `base`."""
    width = 9 - data[at].bit_length()
    kind = int.from_bytes(data[at : at + width], "big")
    long = 9 - data[at + width].bit_length()
    if width > 4 or long > 8:
        raise IndexError(at)
    size = int.from_bytes(data[at + width : at + width + long], "big") & (1 << 7 * long) - 1
    start = base + width + long
    # A size of ones only is not known yet: to the end.
    return kind, start, start + size if size != (1 << 7 * long) - 1 else 1 << 62


def _elements(data: bytes, at: int, end: int) -> Iterator[tuple[int, int, int]]:
    while at < end:
        kind, start, last = _element(data, at, at)
        last = min(last, end)
        yield kind, start, last
        at = last
