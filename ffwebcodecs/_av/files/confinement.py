"""What one input may open: its own stream first, which decides about all others.

FFmpeg asks for the stream through ``io_open``. It is opened and probed there, in whichever thread
opens the input, and judged before its demuxer exists; from then on the rule for its format answers.
A stream that is open already is judged before FFmpeg gets it (`judge`). HLS asks in every release,
DASH in those of which `dash.asks` says so.
"""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING, Any

from ..._ffi import avformat, avutil
from ..._spec.files import playlist_text
from ...errors import NotSupportedError
from .. import averror
from . import permission
from .opener import Opener
from .opening import Opening
from .rules import MOST, Rule
from .source import InputFile
from .stream import SHORTEST, peek, probe, read_text

if TYPE_CHECKING:
    from ..._ffi._types import AVDictionary, AVFormatContext, AVInputFormat, AVIOContext, Pointer


class Confinement(Opener):
    """What the context of one input may open.

    Parameters
    ----------
    source : InputFile
    given : Opening
    format : AVInputFormat *
        NULL if the content tells.

    Attributes
    ----------
    format : AVInputFormat *
        What it was found to be. Only ``avformat_open_input`` may give it to the context: closing
        one that has a format, and was not opened, crashes.
    opening : bool
        Whether the first packet is still to come.
    """

    __slots__ = ("_given", "_judged", "_opened", "_rule", "_source", "format", "opening")

    def __init__(self, source: InputFile, given: Opening, format: AVInputFormat | Any) -> None:
        super().__init__()
        self.format = format
        self._source = source
        self._given = given
        self._rule: Rule | None = None
        self._judged = False
        self._opened = 0
        self.opening = True

    @property
    def opens(self) -> bool:
        """Whether it may open more than its own stream."""
        return self._rule is not None

    def judge(self, context: AVFormatContext, options: Pointer[AVDictionary]) -> int:
        """Look at the open stream of a context, choose its format, and set what it may open.

        Returns
        -------
        int
            A negative code if FFmpeg cannot read the stream or knows no such format.

        Raises
        ------
        NotSupportedError
            It is a playlist or a script, and nobody allowed that; or it names what it may not.
        """
        return self._judge(context, context.pb, options)

    def _judge(
        self, context: AVFormatContext, pb: AVIOContext, options: Pointer[AVDictionary]
    ) -> int:
        self._judged = True
        source, given = self._source, self._given
        if not self.format:
            # Bytes have no name of their own that could tell anything, and an open stream is no
            # pattern for the names of pictures.
            name = source.url.replace(b"%", b"_") if source.by_name else b""
            found, code = probe(pb, name, given)
            if found is None:
                return code
            self.format = found
        permit = permission.for_content(self.format, pb, source, given)
        self._rule = permit.rule
        for key, value in permit.options.items():
            # The context has options of its own; its demuxer is yet to take the others.
            code = avutil.av_opt_set(context, key.encode(), value.encode(), 0)
            if code == avutil.AVERROR_OPTION_NOT_FOUND:
                code = avutil.av_dict_set(options, key.encode(), value.encode(), 0)
            averror.check(code, f"cannot set the option {key!r}")
        return 0

    def open(
        self,
        context: AVFormatContext,
        pb: Pointer[AVIOContext],
        url: bytes,
        flags: int,
        options: Pointer[AVDictionary],
    ) -> int:
        """Open the stream and judge it, or open what it names."""
        if not self._judged:
            code = super().open(context, pb, url, flags, options)
            if code < 0:
                return code
            code = self._judge(context, pb[0], options)
            if code < 0:
                avformat.avio_closep(pb)
            else:
                context.iformat = self.format
            return code
        if self._rule is None:
            return -errno.EPERM  # some formats look for files beside them, and do without
        try:
            return self._open_named(self._rule, context, pb, url, flags, options)
        except NotSupportedError as error:
            raise permission.refused(self._source, str(error)) from None

    def _open_named(
        self,
        rule: Rule,
        context: AVFormatContext,
        pb: Pointer[AVIOContext],
        url: bytes,
        flags: int,
        options: Pointer[AVDictionary],
    ) -> int:
        self._opened += 1
        if self.opening and self._opened > MOST:
            raise NotSupportedError(f"it opens more than {MOST} files before its first packet")
        name = os.fsdecode(url)
        code = super().open(context, pb, os.fsencode(rule.allow(name)), flags, options)
        if code >= 0:
            rule.check_arrival(pb[0], name)
            if peek(pb[0], SHORTEST).startswith(playlist_text.HLS):
                rule.check_list(read_text(pb[0]), nested=True)
        return code
