"""Memory that FFmpeg reads and Python owns, and the other way round.

In: `lend` makes an ``AVBufferRef`` over a Python buffer. The buffer's export is kept in a table
until FFmpeg drops its last reference, possibly on one of FFmpeg's own threads; the release callback
then takes it out of the table. It is the one piece of Python that C calls on threads of its own.

Out: `view` makes a memoryview over C memory that keeps its native owner alive.
"""

from __future__ import annotations

import itertools
from itertools import starmap
from typing import TYPE_CHECKING, Any

from ... import _ffi
from ..._ffi import avutil, ffi
from ...errors import InvalidArgumentError
from .. import ledger, releases
from ..keeping import keep

if TYPE_CHECKING:
    from ..._ffi._types import Array, AVBufferRef, Bytes

_lent = ledger.lent("buffer")
_next_token = itertools.count(1).__next__
_callback: Any = None  # made with the first one: two threads that make it together get the same


def _release_callback() -> Any:
    global _callback
    _callback = callback = _ffi.make_release_callback(_lent.let_go)
    return callback


class Items:
    """What the items of a buffer may be, besides bytes: codes of Python's struct module.

    Parameters
    ----------
    codes : str
    size : int
        Of an item, in bytes.
    wanted : str
        What to give, for messages: a type of numpy's.
    """

    __slots__ = ("codes", "size", "wanted")

    def __init__(self, codes: str, size: int, wanted: str) -> None:
        self.codes = codes
        self.size = size
        self.wanted = wanted


_NO_BYTES = ("e", "f", "d", "g", "O")  # of floats, complex numbers and references
_BIG = (">", "!")
_RAW = "Bcsx"  # bytes, characters, strings of bytes, and what has no type
_ITEMS = {
    "|u1": Items("", 1, "uint8"),
    "<u2": Items("H", 2, "uint16"),
    "uint8": Items("", 1, "uint8"),
    "int16": Items("h", 2, "int16"),
    "int32": Items("il", 4, "int32"),
    "float32": Items("f", 4, "float32"),
}


def check_items(source: Any, what: str, dtype: str, of: str) -> None:
    """Raise InvalidArgumentError if the items of a buffer are no samples of what is called `of`:
    of another size or kind, or with their bytes in another order.

    `dtype` is the type of a sample, as the tables of formats have it.
    """
    if type(source) is bytearray or type(source) is bytes:
        return
    items = _ITEMS[dtype]
    try:
        format = memoryview(source).format
        if format == "B" or format == items.codes:
            return
        with memoryview(source) as view:
            size = view.itemsize
    except (TypeError, ValueError, BufferError):
        return  # it is no buffer, which `export` says
    if not _misfits(format, items.codes if size == items.size else ""):
        return
    kind = getattr(source, "dtype", None)
    name = f"format {format!r}" if kind is None else str(kind)
    raise InvalidArgumentError(
        f"{what} has items of {name} ({size} byte{'s'[: size > 1]} each), {of} needs "
        f"{items.wanted}: give an array of that, or bytes"
    )


def check_source(source: Any, what: str, dtype: str, of: str) -> None:
    """Raise InvalidArgumentError if the items of a buffer are no samples of what is called `of`:
    floating point numbers of another type, references, or numbers with their bytes in another
    order. Other integers are bytes, as the specification has them.
    """
    if type(source) is bytes or type(source) is bytearray:
        return
    try:
        format = memoryview(source).format
    except (TypeError, ValueError, BufferError):
        return  # as above
    if format == "B" or format == _ITEMS[dtype].codes:
        return
    if format[-1:] in _NO_BYTES or format[:1] in _BIG:
        check_items(source, what, dtype, of)


def _misfits(format: str, codes: str) -> bool:
    if format and format in codes:
        return False
    is_big = False
    for char in "".join(format.split(":")[::2]):  # names of structure members stand between colons
        if char in "@=<>!":
            is_big = char in _BIG
        elif char in _RAW or char == "T":  # a structure of what follows
            continue
        elif (char.isalpha() or char == "?") and (is_big or char not in codes):
            return True
    return False


def export(source: object, what: str, *, writable: bool = False) -> Array[int]:
    """Return a cdata ``char[]`` over a buffer object; its memory cannot move or shrink while the
    cdata lives.

    Raises
    ------
    InvalidArgumentError
        `source` is no buffer, not C-contiguous, or read-only while `writable` is asked for.
    """
    try:
        if writable and _holds_objects(source):
            raise TypeError("its items are references to Python objects")
        exported: Array[int] = ffi.from_buffer("uint8_t[]", source, require_writable=writable)
        return exported
    except (TypeError, ValueError, BufferError) as error:
        need = "a writable, C-contiguous buffer" if writable else "a C-contiguous buffer"
        raise InvalidArgumentError(
            f"{what} must be {need}, got {type(source).__name__}: {error}"
        ) from None


def _holds_objects(source: Any) -> bool:
    """Tell whether pixels written there would overwrite references: numpy exports arrays of dtype
    object like any other.
    """
    if type(source) is bytearray:
        return False
    with memoryview(source) as view:
        # "O" is an object; names of structure members stand between colons.
        return "O" in view.format and any("O" in part for part in view.format.split(":")[::2])


def unexport(exported: Array[int]) -> None:
    """End the export now; a traceback that holds the cdata then no longer locks the caller's
    bytearray.
    """
    ffi.release(exported)


def _check_size(size: int) -> None:
    """Raise MemoryError for more bytes than this FFmpeg's buffers hold."""
    if size > 0x7FFFFFFF and not releases.has_large_buffers():
        raise MemoryError(
            f"this FFmpeg release's buffers hold at most 2147483647 bytes, not {size}"
        )


def lend(box: Any, exported: Array[int], size: int) -> AVBufferRef:
    """Put an ``AVBufferRef *`` over `exported` (from `export`) into the first place of `box`, a
    native owner's, and return it, borrowed.

    FFmpeg sees it as read-only, so nothing there writes into the caller's memory.
    """
    _check_size(size)
    callback = _callback or _release_callback()
    token = ffi.cast("void *", _next_token())
    data = ffi.cast("uint8_t *", exported)
    arguments = data, size, callback, token, avutil.AV_BUFFER_FLAG_READONLY
    # As `atomic.fill` does. If an interrupt comes behind it, the owner goes before anybody has
    # looked at the bytes.
    box[0:1] = starmap(avutil.av_buffer_create, (arguments,))
    ref: AVBufferRef = box[0]
    if not ref:
        raise MemoryError(f"cannot lend {size} bytes to FFmpeg: it is out of memory")
    _lent.keep(token, exported)
    return ref


def view(owner: object, pointer: Bytes, size: int, *, writable: bool = False) -> memoryview:
    """Return a memoryview of `size` bytes at `pointer` that keeps `owner` alive for as long as it
    lives. It is read-only, unless nobody else has seen the memory yet.

    `owner` is the pointer whose memory it is. ``ffi.buffer`` holds the pointer that it was made
    from, and as long as that lives, so does `owner`.
    """
    if size <= 0:
        return memoryview(b"")
    kept = ffi.cast("uint8_t *", pointer)
    keep(owner, kept)
    memory = memoryview(ffi.buffer(kept, size))
    return memory if writable else memory.toreadonly()


def allocate(box: Any, size: int) -> AVBufferRef:
    """Put an ``AVBufferRef *`` of `size` bytes into the first place of `box`, a native owner's, and
    return it, borrowed.
    """
    _check_size(size)
    box[0:1] = map(avutil.av_buffer_alloc, (size,))  # as `atomic.fill` does
    ref: AVBufferRef = box[0]
    if not ref:
        raise MemoryError(f"cannot allocate {size} bytes: FFmpeg is out of memory")
    return ref


def copy_rows(
    destination: Bytes,
    destination_stride: int,
    source: Bytes,
    source_stride: int,
    row: int,
    rows: int,
) -> None:
    """Copy `rows` rows of `row` bytes, without the GIL.

    Strides are bytes. With a single row they say nothing, and may be larger than the C ``int`` that
    FFmpeg takes.
    """
    if rows <= 0 or row <= 0:
        return
    if rows == 1:
        destination_stride = source_stride = row
    elif destination_stride == row == source_stride:
        # One run of bytes: one memcpy instead of one for each row.
        total = row * rows
        if total <= 0x7FFFFFFF:
            destination_stride = source_stride = row = total
            rows = 1
    avutil.av_image_copy_plane(destination, destination_stride, source, source_stride, row, rows)
