"""Options given to an encoder that is not open yet, and read back as FFmpeg understood them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

from ..._ffi import avutil, ffi
from ..._spec.encoders import bounds
from ...errors import NotSupportedError
from .. import averror

if TYPE_CHECKING:
    from ..._ffi._types import AVCodecContext, AVDictionary, Pointer


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
