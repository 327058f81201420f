"""Pictures that FFmpeg's H.264 decoder holds when it is drained soon after a recovery point."""

from __future__ import annotations

from ..._ffi import avcodec
from .decoder import DecoderCore


def give_unsettled(core: object, yes: bool) -> None:
    """Let a drained decoder give what it holds although the key picture, which is no IDR picture,
    has not come out yet: only then it knows that decoding is right again, and drops the rest.

    What is shown before the key picture is given as well, and is wrong.
    """
    if not isinstance(core, DecoderCore) or core.name != "h264" or core._context is None:
        return
    context = core._context
    if yes:
        context.flags |= avcodec.AV_CODEC_FLAG_OUTPUT_CORRUPT
    else:
        context.flags &= ~avcodec.AV_CODEC_FLAG_OUTPUT_CORRUPT


def gives_unsettled(core: object) -> bool:
    """Return whether it gives such pictures now."""
    if not isinstance(core, DecoderCore) or core._context is None:
        return False
    return bool(core._context.flags & avcodec.AV_CODEC_FLAG_OUTPUT_CORRUPT)
