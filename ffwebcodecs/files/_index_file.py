"""An index as a file: a magic number, a header in JSON, the columns in little-endian order.

Whatever the file says is checked, its length before anything is read: a hostile one gives an error.
"""

from __future__ import annotations

import json
import os
import struct
import zlib
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


def pack_index(table: PacketTable, digest: SourceDigest) -> list[bytes]:
    """Return an index as bytes, in pieces."""
    header = json.dumps(
        {
            "packets": len(table),
            "time_base": table.time_base,
            "rate": table.rate,
            "problem": None if table.problem is None else table.problem[:1000],
            "source": digest.members(),
        }
    ).encode()
    columns = [getattr(table, name).astype(kind).tobytes() for name, kind in _COLUMNS]
    crc = zlib.crc32(header)
    for each in columns:
        crc = zlib.crc32(each, crc)
    return [_START.pack(_MAGIC, _VERSION, len(header), crc) + header, *columns]


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
    if size != _START.size + length + count * _ROW:
        raise _cut(shown)
    body = file.read(count * _ROW)
    if len(body) != count * _ROW:
        raise _cut(shown)
    if zlib.crc32(body, zlib.crc32(header)) != crc:
        raise DataError(f"{shown} is damaged: its checksum is wrong; make it again")
    return _table(body, count, said, shown), _digest(said, shown)


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


def _table(body: bytes, count: int, said: dict[str, Any], shown: str) -> PacketTable:
    columns, at = {}, 0
    for name, kind in _COLUMNS:
        dtype = np.dtype(kind)
        column = np.frombuffer(body, dtype, count, at)
        columns[name] = column.astype(dtype.newbyteorder("="), copy=False)
        at += count * dtype.itemsize
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
