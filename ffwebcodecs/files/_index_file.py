"""An index as a file: a magic number, a header in JSON, the columns in little-endian order.

Whatever the file says is checked, its length before anything is read: a hostile one gives an error.
"""

from __future__ import annotations

import io
import json
import os
import struct
import zlib
from collections.abc import Sequence
from typing import Any, BinaryIO

import numpy as np

from .._av.files.complete_file import CompleteFile
from .._spec.files.packet_table import PacketTable, problem_of
from ..errors import DataError
from ._source_digest import SourceDigest

_MAGIC = b"FFWCINDX"
_VERSION = 1
_START = struct.Struct("<8sIII")  # magic, version, bytes of the header, CRC of all that follows
_LONGEST = 1 << 16
_COLUMNS = (
    ("pts", "<i8"),
    ("dts", "<i8"),
    ("duration", "<i8"),
    ("position", "<i8"),
    ("size", "<i4"),
    ("flags", "|u1"),
)
_ROW = sum(np.dtype(kind).itemsize for _, kind in _COLUMNS)
_MOST = 1 << 31  # of any number that makes a fraction


def pack_index(table: PacketTable, digest: SourceDigest) -> list[memoryview]:
    """Return an index in pieces: its head, and each column, which is not copied where it lies in
    this order already.
    """
    header = json.dumps(
        {
            "packets": len(table),
            "time_base": table.time_base,
            "rate": table.rate,
            "problem": None if table.problem is None else table.problem[:1000],
            "source": digest.members(),
        }
    ).encode()
    columns = [
        memoryview(np.ascontiguousarray(getattr(table, name), kind).data).toreadonly()
        for name, kind in _COLUMNS
    ]
    crc = zlib.crc32(header)
    for each in columns:
        crc = zlib.crc32(each, crc)
    return [memoryview(_START.pack(_MAGIC, _VERSION, len(header), crc) + header), *columns]


def write_index(path: str | os.PathLike[str], table: PacketTable, digest: SourceDigest) -> None:
    """Write an index; the file appears when it is complete. Raises OSError."""
    pieces = pack_index(table, digest)
    with CompleteFile(path) as file:
        for each in pieces:
            file.write(each)


def read_index(path: str | os.PathLike[str]) -> tuple[PacketTable, SourceDigest]:
    """Read an index.

    Raises
    ------
    OSError
        The file is not there, or may not be read.
    DataError
        It is no index, one of a later version, or damaged.
    """
    with open(os.fspath(path), "rb") as file:  # a number would be somebody's descriptor
        return unpack_index(file, os.fstat(file.fileno()).st_size, repr(os.fspath(path)))


def unpack_index(file: BinaryIO, size: int, shown: str) -> tuple[PacketTable, SourceDigest]:
    """Read an index from what has `size` bytes and is `shown` to people; raises DataError."""
    said, crc, count, length = _head(file, size, shown)
    if size != length + count * _ROW:
        raise _cut(shown)
    body = memoryview(file.read(count * _ROW))
    if len(body) != count * _ROW:
        raise _cut(shown)
    columns, at = [], 0
    for _, kind in _COLUMNS:
        end = at + count * np.dtype(kind).itemsize
        columns.append(body[at:end])
        at = end
    return _unpacked(said, crc, count, columns, shown)


def unpack_pieces(pieces: Sequence[Any], shown: str) -> tuple[PacketTable, SourceDigest]:
    """Return the index that `pack_index` made pieces of, over the very columns; raises
    DataError.
    """
    try:
        views = list(map(_bytes_of, pieces))
    except TypeError as error:  # no buffer, or one with gaps
        raise DataError(f"{shown} is damaged: {error}") from None
    if len(views) != 1 + len(_COLUMNS):
        raise DataError(f"{shown} is damaged: it has {len(views)} pieces")
    size = sum(map(len, views))
    head, *columns = views
    said, crc, count, length = _head(io.BytesIO(head[:_LONGEST]), size, shown)
    sizes = [np.dtype(kind).itemsize * count for _, kind in _COLUMNS]
    if len(head) != length or sizes != list(map(len, columns)):
        raise _cut(shown)
    return _unpacked(said, crc, count, columns, shown)


def _bytes_of(piece: Any) -> memoryview:
    view = memoryview(piece)
    return view.cast("B") if view.nbytes else memoryview(b"")  # an empty one cannot be cast


def _head(
    file: BinaryIO, size: int, shown: str
) -> tuple[dict[str, Any], tuple[int, int], int, int]:
    """Return what the header says, the checksum after it and the one that is wanted, the number of
    packets, and the bytes up to the columns.
    """
    start = file.read(_START.size)
    if start[:8] != _MAGIC[: len(start[:8])] or not start:
        raise DataError(f"{shown} is no index of a video")
    if len(start) < _START.size:
        raise _cut(shown)
    _, version, length, crc = _START.unpack(start)
    if version != _VERSION:
        raise DataError(
            f"{shown} is an index of version {version}, this package reads version {_VERSION}: "
            "make it again"
        )
    if length > _LONGEST:
        raise DataError(f"{shown} is damaged: its header claims {length} bytes")
    header = file.read(length)
    said = _parse(header, shown)
    count = _number(said, "packets", 0, max(0, size - _START.size) // _ROW, shown)
    return said, (zlib.crc32(header), crc), count, _START.size + length


def _unpacked(
    said: dict[str, Any],
    crc: tuple[int, int],
    count: int,
    columns: Sequence[memoryview],
    shown: str,
) -> tuple[PacketTable, SourceDigest]:
    found, wanted = crc
    for column in columns:
        found = zlib.crc32(column, found)
    if found != wanted:
        raise DataError(f"{shown} is damaged: its checksum is wrong; make it again")
    return _table(columns, count, said, shown), _digest(said, shown)


def _cut(shown: str) -> DataError:
    return DataError(f"{shown} is damaged: it has not as many bytes as it says; make it again")


def _parse(header: bytes, shown: str) -> dict[str, Any]:
    try:
        said = json.loads(header)
    except (ValueError, RecursionError):
        said = None
    if not isinstance(said, dict):
        raise DataError(f"{shown} is damaged: its header is no JSON object")
    return said


def _number(said: dict[str, Any], name: str, least: int, most: int, shown: str) -> int:
    value = said.get(name)
    if type(value) is not int or not least <= value <= most:
        raise DataError(f"{shown} is damaged: its {name} cannot be {value!r:.50}")
    return value


def _fraction(said: dict[str, Any], name: str, least: int, shown: str) -> tuple[int, int]:
    value = said.get(name)
    if not isinstance(value, list) or len(value) != 2:
        raise DataError(f"{shown} is damaged: its {name} cannot be {value!r:.50}")
    pair = dict(zip(("numerator", "denominator"), value, strict=True))
    return (
        _number(pair, "numerator", least, _MOST, shown),
        _number(pair, "denominator", 1, _MOST, shown),
    )


def _table(
    pieces: Sequence[memoryview], count: int, said: dict[str, Any], shown: str
) -> PacketTable:
    columns = {}
    for (name, kind), piece in zip(_COLUMNS, pieces, strict=True):
        dtype = np.dtype(kind)
        column = np.frombuffer(piece, dtype, count)
        columns[name] = column.astype(dtype.newbyteorder("="), copy=False)
    problem = said.get("problem")
    if problem is not None and not isinstance(problem, str):
        raise DataError(f"{shown} is damaged: its problem is no text")
    table = PacketTable(
        **columns,
        time_base=_fraction(said, "time_base", 1, shown),
        rate=_fraction(said, "rate", 0, shown),
        problem=problem,
    )
    wrong = problem_of(table)
    if wrong is not None:
        raise DataError(f"{shown} is damaged: {wrong}")
    return table


def _digest(said: dict[str, Any], shown: str) -> SourceDigest:
    source = said.get("source")
    members = source if isinstance(source, dict) else {}
    kinds = {"size": int, "changed": int, "first": str, "last": str, "place": str}
    right = members.keys() == kinds.keys() and all(
        value is None or type(value) is kinds[name] for name, value in members.items()
    )
    if not right:
        raise DataError(f"{shown} is damaged: it does not say what it is an index of")
    return SourceDigest(**members)
