"""What a PNG says beside its picture: texts, and profiles that are compressed."""

from __future__ import annotations

TYPE_CHECKING = False  # typing's own costs an import
if TYPE_CHECKING:
    from collections.abc import Callable

_TEXTS = (b"tEXt", b"zTXt", b"iTXt")
_COMPRESSED = (b"zTXt", b"iTXt", b"iCCP")
_SMALL = 1 << 14  # compressed bytes that cannot become too many
_STEP = 1 << 20


def count(read: Callable[[int, int], bytes], add: Callable[[str, int, str], None]) -> None:
    """Call `add` with what there is of "max_tags" and "max_header", see `files.claims`.

    Compressed text and colour profiles are unpacked, but not kept, if there is much of them.
    """
    at = 8
    while len(head := read(at, 8)) == 8:
        size, kind = int.from_bytes(head[:4], "big"), head[4:]
        if kind == b"IEND":
            return
        if kind in _TEXTS:
            add("max_tags", 1, "texts")
        if kind in _COMPRESSED and size > _SMALL:
            _count_unpacked(read(at + 8, size), add)
        at += 12 + size


def _count_unpacked(data: bytes, add: Callable[[str, int, str], None]) -> None:
    import zlib  # few pictures have so much

    # A keyword, a null, and the method, 0; iTXt has more in between.
    rest = data[data.find(b"\x78", data.find(b"\0") + 1) :]
    unpacker = zlib.decompressobj()
    while rest and not unpacker.eof:
        try:
            unpacked = unpacker.decompress(rest, _STEP)
        except zlib.error:
            return  # damaged: FFmpeg gets no further either
        add("max_header", len(unpacked), "bytes of text and profiles")
        rest = unpacker.unconsumed_tail
