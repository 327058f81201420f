"""Options given to an encoder, read back as FFmpeg understood them, and its opening with them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

from ..._ffi import avcodec, avutil, ffi
from ..._spec.encoders import bounds
from ...errors import NotSupportedError
from .. import averror, forked, said
from . import priority

if TYPE_CHECKING:
    from ..._ffi._types import AVCodec, AVCodecContext, AVDictionary, AVDictionaryEntry, Pointer


def open_with(
    context: AVCodecContext,
    codec: AVCodec,
    encoder: str,
    options: Mapping[str, str],
    extra: Mapping[str, str],
    what: str,
) -> list[str]:
    """Open an encoder and return the names of the options that it does not have.

    Parameters
    ----------
    context : AVCodecContext *
    codec : AVCodec *
    encoder : str
        FFmpeg's name.
    options : mapping
        All of them.
    extra : mapping
        Those among them that are the caller's, which must not crash the encoder.
    what : str
        Begins the messages.

    Raises
    ------
    NotSupportedError
        The encoder refuses.
    """
    box = ffi.gc(ffi.new("AVDictionary **"), avutil.av_dict_free)
    for key, value in options.items():
        code = avutil.av_dict_set(box, key.encode(), value.encode(), 0)
        averror.check(code, f"cannot set {key}")
    if extra:
        what += " with " + ", ".join(f"{key}={value}" for key, value in extra.items())
        apply(context, encoder, box, extra, what)
    place = said.mark()
    with forked.opening, priority.kept():
        code = avcodec.avcodec_open2(context, codec, box)
    averror.check(code, what, NotSupportedError, since=place)
    return _keys(box[0])


def _keys(options: AVDictionary) -> list[str]:
    keys: list[str] = []
    entry: AVDictionaryEntry = ffi.NULL
    while True:
        entry = avutil.av_dict_get(options, b"", entry, avutil.AV_DICT_IGNORE_SUFFIX)
        if not entry:
            return keys
        keys.append(ffi.string(entry.key).decode())


def apply(
    context: AVCodecContext,
    encoder: str,
    options: Pointer[AVDictionary],
    extra: Mapping[str, str],
    what: str,
) -> None:
    """Set the options that the encoder knows and take them out of the dictionary.

    Parameters
    ----------
    context : AVCodecContext *
    encoder : str
        FFmpeg's name.
    options : AVDictionary **
    extra : mapping
        Those of the caller, which must not crash the encoder.
    what : str
        Begins the messages.

    Raises
    ------
    NotSupportedError
        FFmpeg refuses a value, or takes one that the encoder does not survive.
    """
    code = avutil.av_opt_set_dict2(context, options, avutil.AV_OPT_SEARCH_CHILDREN)
    averror.check(code, what, NotSupportedError)
    problem = bounds.problem(encoder, extra, lambda name: _number(context, name))
    if problem is not None:
        raise NotSupportedError(f"{encoder} cannot take {problem}")


def _number(context: AVCodecContext, name: str) -> float | None:
    """Return an option's value, NaN if it is a text, None if there is no such option."""
    box = ffi.gc(ffi.new("uint8_t **"), avutil.av_freep)
    key, children = name.encode(), avutil.AV_OPT_SEARCH_CHILDREN
    if avutil.av_opt_get(context, key, children, box) < 0:
        return None
    text = bytes(ffi.string(box[0])).decode(errors="replace")
    try:
        return float(int(text, 16)) if text.startswith("0x") else float(text)
    except ValueError:
        return math.nan
