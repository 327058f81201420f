"""Opening an input, and the reason if that fails."""

from __future__ import annotations

import os
from functools import partial
from typing import NamedTuple

from ..._ffi import ffi
from ...errors import EncodingError, InvalidArgumentError, NotSupportedError
from .. import averror, said
from ..releases import reads_avif
from . import index_at_end, limits, picture_streams, quick_start
from .confinement import Confinement
from .connecting import connect
from .connection import Connection, StartHelper
from .input import Preparation
from .opening import Opening
from .source import InputFile


class OpenedInput(NamedTuple):
    """What is left of an opening.

    Attributes
    ----------
    confinement : Confinement
        To be kept for as long as the context lives.
    head : bytes
        The first bytes of pictures from a pipe.
    """

    confinement: Confinement
    head: bytes


def open_input(
    connection: Connection, source: InputFile, opening: Opening, helper: StartHelper | None
) -> OpenedInput:
    """Open an input, and find out what its streams are.

    Raises
    ------
    OSError
        The operating system refuses it.
    EncodingError, NotSupportedError, InvalidArgumentError
        FFmpeg cannot make sense of it, or it is not allowed; with what FFmpeg's log says of that.
    TimeoutError
        It took too long.
    """
    place = said.mark()
    try:
        return _open(connection, source, opening)
    except (EncodingError, NotSupportedError, InvalidArgumentError) as error:
        if error.code is not None and not connection.stopped:  # else it is a file object's own
            words = said.since(place, connection.thread)
            if not words and said.can_listen() and _can_repeat(connection, source, opening):
                words = _words_of_repetition(source, opening)
            message = said.with_words(str(error), words) + _next_step(words)
            error.args = (message, *error.args[1:])
        raise


_OTHER_NAMES = "options={'extension_picky': 0, 'allowed_extensions': 'ALL'} allows other names"
_STEPS = (
    ("allowed_segment_extensions", _OTHER_NAMES),
    ("allowed_extensions", "options={'allowed_extensions': 'ALL'} allows other names"),
    ("moov atom not found", "the index of the file is missing, as where a recording did not end"),
    ("nsafe file name", "options={'safe': 0} allows any"),
)


def _next_step(words: str) -> str:
    """Return what to do about what FFmpeg said, as far as that is known."""
    step = next((f"; {step}" for word, step in _STEPS if word in words), "")
    if "moov atom" in words and not reads_avif():
        step += ", or this is a still (AVIF), which FFmpeg 5.1 and later read"
    return step


def _open(connection: Connection, source: InputFile, opening: Opening) -> OpenedInput:
    head, media = b"", None
    prepared = Preparation(source, opening, connection.context)
    confinement = prepared.confinement
    limits.before_open(prepared.options, opening, source, connection.read_at)
    connection.begin()
    if connection.context.pb:  # open already
        code = connection.call(confinement.judge, prepared.options)
        if code < 0:
            prepared.check(code)
        if prepared.format:
            connection.suit(ffi.string(prepared.format.name).decode())
        if connection.read_at is None:
            head = picture_streams.head_of(connection)
            media = index_at_end.media_first(connection)
    code = connection.open(source.url, prepared.format, prepared.options)
    prepared.check(code)
    if opening.live:
        quick_start.quicken(connection, opening)
    code = limits.find_stream_info(connection, opening)
    if media is not None:
        index_at_end.require_media(connection, media, source.shown)
    confinement.opening = False
    confinement.check()
    averror.check(code, f"cannot read {source.shown}", EncodingError)
    return OpenedInput(confinement, head)


def _can_repeat(connection: Connection, source: InputFile, opening: Opening) -> bool:
    """Whether a second opening reads nothing but files that are there, and here."""
    waits = source.by_name and opening.may_wait(source.name)
    is_there = source.reader is not None or os.path.isfile(source.path)
    return connection.opens_again and not waits and is_there


def _words_of_repetition(source: InputFile, opening: Opening) -> str:
    connection = connect(source, opening, None)
    try:
        return said.again(partial(_open_in_vain, connection, source, opening))
    finally:
        connection.close()


def _open_in_vain(connection: Connection, source: InputFile, opening: Opening) -> None:
    try:
        _open(connection, source, opening)
    except Exception as error:  # the one that is raised is there already
        averror.let_go(error)
        if source.reader is not None and source.reader.file.is_broken:
            raise  # this one is the file object's own
