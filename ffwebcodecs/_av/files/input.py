"""What an input is opened with: its format, its options, and what keeps it from opening others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..._ffi import avformat, avutil, ffi
from ...errors import InvalidArgumentError
from .. import averror
from . import limits, permission, scripts
from .confinement import Confinement
from .opening import Opening
from .source import InputFile
from .stream import format_of_name

if TYPE_CHECKING:
    from ..._ffi._types import AVDictionary, AVFormatContext, AVInputFormat, Pointer

# Delays of GIF and animated WebP are those of the file, in every release; those of 0 are 100 ms.
# FFmpeg before 9.0 takes 10 ms of a GIF for 100, as browsers do, and 9.0 those of WebP.
_AS_STATED = {"min_delay": "1"}


class Preparation:
    """A context made ready for ``avformat_open_input(box, source.url, format, options)``.

    Parameters
    ----------
    source : InputFile
    opening : Opening
    context : AVFormatContext *
        Not open yet. If it has a stream already, `confinement` has to judge that before.

    Attributes
    ----------
    confinement : Confinement
        To be kept for as long as the context lives: without it nothing more is opened.
    options : AVDictionary **
        Afterwards with what nobody took.

    Raises
    ------
    NotSupportedError
        The source names several files, or what is no file, and nobody allowed that.
    InvalidArgumentError
        There is no such format, or it cannot read a pipe.
    """

    __slots__ = ("_opening", "_source", "confinement", "options")

    def __init__(self, source: InputFile, opening: Opening, context: AVFormatContext) -> None:
        self._source = source
        self._opening = opening
        self.options: Pointer[AVDictionary] = ffi.gc(
            ffi.new("AVDictionary **"), avutil.av_dict_free
        )
        self._add(permission.for_stream(source, opening))
        self._add(_AS_STATED | opening.options)
        format = _named(opening.format)
        if context.pb and source.by_name:  # a pipe, which cannot be opened once more
            if format and scripts.opens_by_name(format):
                raise InvalidArgumentError(
                    f"{source.shown} is a pipe, which the format {opening.format!r} cannot read"
                )
        elif not format and source.by_name:
            format = format_of_name(source.url)
        self.confinement = Confinement(source, opening, format)
        if format and scripts.opens_by_name(format):
            self._add(permission.for_name(format, source, opening))
        else:
            self.confinement.attach(context)

    @property
    def format(self) -> AVInputFormat | Any:
        """What to open it as: NULL if the content is yet to tell."""
        return self.confinement.format

    def _add(self, options: Any) -> None:
        for key, value in options.items():
            code = avutil.av_dict_set(self.options, key.encode(), value.encode(), 0)
            averror.check(code, f"cannot pass the option {key!r}")

    def check(self, code: int) -> None:
        """Raise what is wrong, after ``avformat_open_input`` returned `code`.

        Raises
        ------
        NotSupportedError
            It is a playlist or a script, and nobody allowed that; or it names what it may not.
        InvalidArgumentError
            Nobody took an option that the program gave.
        OSError, EncodingError
            FFmpeg cannot open it.
        """
        self.confinement.check()
        source = self._source
        if code < 0:
            # No local variable: the error's traceback would hold it, and the two each other.
            raise averror.os_error(code, source.name) or limits.error(
                code, f"cannot open {source.shown}"
            )
        for key in self._opening.options:
            if avutil.av_dict_get(self.options[0], key.encode(), ffi.NULL, 0):
                raise InvalidArgumentError(
                    f"neither the format nor the protocol has an option {key!r}"
                )


def _named(name: str | None) -> AVInputFormat | Any:
    if name is None:
        return ffi.NULL
    format: AVInputFormat = avformat.av_find_input_format(name.encode())
    if not format:
        raise InvalidArgumentError(f"this FFmpeg reads no format {name!r}")
    return format
