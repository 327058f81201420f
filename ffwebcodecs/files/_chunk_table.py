"""The packets of a stream without a container, as columns."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import repeat
from typing import Any

import numpy as np

from .._av.codecs import packet
from .._av.files.first_pictures import FirstPictures
from .._spec.codecs import unshown
from .._spec.codecs.config import VideoDecoderConfig
from .._spec.codecs.strings import parse_codec
from .._spec.files.packet_table import KEY, NO_PICTURE, NOPTS, PacketTable, problem_of
from .._spec.numbers import show
from ..codecs._decoding import open_decoder
from ..codecs.encoded_video_chunk import EncodedVideoChunk
from ..errors import InvalidArgumentError

_HEAD = 31


def table_of(
    chunks: Iterable[EncodedVideoChunk] | Mapping[str, Any], config: VideoDecoderConfig | None
) -> PacketTable:
    """Return the columns of chunks, or of what has them already.

    Raises
    ------
    InvalidArgumentError
        There is something else among the chunks, or a column is missing or does not fit.
    """
    if hasattr(chunks, "column_names") or hasattr(chunks, "columns"):  # Arrow, pandas, polars
        return _of_columns(chunks)
    if isinstance(chunks, Mapping):
        return _of_columns(chunks)
    if not isinstance(chunks, Iterable):
        raise InvalidArgumentError(f"an index is of EncodedVideoChunks, got {show(chunks)}")
    kept = list(chunks)
    for each in kept:
        if not isinstance(each, EncodedVideoChunk):
            raise InvalidArgumentError(f"an index is of EncodedVideoChunks, got {show(each)}")
    return of_chunks(kept, config)


def of_chunks(chunks: list[EncodedVideoChunk], config: VideoDecoderConfig | None) -> PacketTable:
    """Return the columns of chunks."""
    count = len(chunks)
    flags = np.fromiter((KEY * (each.type == "key") for each in chunks), np.uint8, count)
    if config is not None:
        first, nothing, second = _without_pictures(chunks, config)
        flags[:first] |= NO_PICTURE
        flags[nothing] |= NO_PICTURE
        flags[second] = NO_PICTURE
        _leave_out_gradual(chunks, config, flags, first)
    return _table(
        np.fromiter((each.timestamp for each in chunks), np.int64, count),
        np.fromiter((each.duration or 0 for each in chunks), np.int64, count),
        np.fromiter((each.byte_length for each in chunks), np.int32, count),
        flags,
    )


def _leave_out_gradual(
    chunks: list[EncodedVideoChunk], config: VideoDecoderConfig, flags: Any, first: int
) -> None:
    """Take the mark of those key chunks but the first one after which pictures get right later."""
    codec = parse_codec(config.codec).name
    extradata = bytes(config.description or b"")
    if unshown.recovery_of(codec, extradata) is not None:
        for number in np.flatnonzero(flags & KEY).tolist():
            data = chunks[number].data
            if number != first and unshown.recovery(codec, data, extradata):
                flags[number] &= ~np.uint8(KEY)


def _without_pictures(
    chunks: list[EncodedVideoChunk], config: VideoDecoderConfig
) -> tuple[int, list[int], list[int]]:
    """Return the number of the first key chunk, those of chunks of which no picture comes, and
    those of second fields.
    """
    codec = parse_codec(config.codec).name
    extradata = bytes(config.description or b"")
    first = FirstPictures(codec, extradata, lambda: open_decoder(config, threads=1)[0])
    for number, each in enumerate(chunks):
        ptr = each._decodable()
        key = each.type == "key"
        if not first.take(ptr, number, each.timestamp, key=key, hidden=False, guessed=False):
            break
    nothing = first.missing()
    if unshown.looks_at(codec):
        for number, each in enumerate(chunks):
            view = packet.view(each._ptr) if each.byte_length else memoryview(b"")
            last = view[-1] if view else 0
            if unshown.shows_nothing(codec, bytes(view[:_HEAD]), last, len(view), extradata):
                nothing.append(number)
    header = extradata
    if not header:  # it is in the stream
        header = next((bytes(each.data) for each in chunks if each.type == "key"), b"")
    fields, second = unshown.fields_of(codec, header), []
    if fields is not None:
        second = unshown.second_fields(bytes(fields(packet.view(each._ptr)) for each in chunks))
    return first.first_key, nothing, second


def _of_columns(columns: Any) -> PacketTable:
    timestamp = _column(columns, "timestamp", np.int64)
    count = len(timestamp)
    key = _column(columns, "key", np.bool_, count)
    return _table(
        timestamp,
        _column(columns, "duration", np.int64, count, default=0),
        _column(columns, "size", np.int32, count, default=0),
        key.astype(np.uint8) * np.uint8(KEY),
    )


def _column(
    columns: Any, name: str, dtype: Any, count: int | None = None, *, default: int | None = None
) -> Any:
    try:
        found = columns[name]
    except (KeyError, IndexError, TypeError, ValueError):
        if default is not None:
            return np.fromiter(repeat(default, count or 0), dtype, count or 0)
        raise InvalidArgumentError(f"the chunks have no column {name!r}") from None
    values = np.asarray(found)
    if values.ndim != 1 or (count is not None and len(values) != count):
        wanted = "each chunk" if count is None else f"each of {count} chunks"
        raise InvalidArgumentError(
            f"the column {name!r} must have one value for {wanted}, it has the shape {values.shape}"
        )
    if not len(values):
        return np.empty(0, dtype)
    if values.dtype.kind not in "iub":
        raise InvalidArgumentError(
            f"the column {name!r} must be of whole numbers, it is of {values.dtype}"
        )
    if dtype is not np.bool_:
        limits = np.iinfo(dtype)
        if int(values.min()) < limits.min or int(values.max()) > limits.max:
            raise InvalidArgumentError(
                f"the column {name!r} must be of numbers from {limits.min} to {limits.max}"
            )
    return values.astype(dtype)


def _table(timestamp: Any, duration: Any, size: Any, flags: Any) -> PacketTable:
    count = len(timestamp)
    nowhere = np.full(count, NOPTS, np.int64), np.full(count, -1, np.int64)
    table = PacketTable(timestamp, nowhere[0], duration, nowhere[1], size, flags, (1, 1_000_000))
    wrong = "a timestamp is out of range" if (timestamp == NOPTS).any() else problem_of(table)
    if wrong is not None:
        raise InvalidArgumentError(f"the chunks cannot be indexed: {wrong}")
    return table
