"""How the samples of an output are stored: chroma, depth, alpha, as the first frame has them, the
codec is used, and the caller says.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from .._av import releases
from .._av.frames.pixel_format import describe
from .._spec.codecs.strings import parse_codec
from .._spec.encoders.strings import usual_codec_string, usual_depth
from .._spec.encoders.usual_format import keeps_pictures, usual_format
from ..codecs._encoder_input import named_format, taken_by
from ..errors import NotSupportedError
from ..frames._shape import FrameShape
from ._encoding_options import EncodingOptions
from ._losses import Losses


class EncodedSamples(NamedTuple):
    """How samples are stored.

    Attributes
    ----------
    codec : str
        FFmpeg's name.
    depth : int
        Bits of a sample, for who has to choose a codec string.
    chroma : str
        ``"420"``, ``"422"``, ``"444"``, likewise.
    keeps_alpha : bool
    can_keep_alpha : bool
        Whether the encoder takes alpha at all.
    options : mapping or None
        The encoder's options; they name the pixel format, if it is chosen here.
    """

    codec: str
    depth: int
    chroma: str
    keeps_alpha: bool
    can_keep_alpha: bool
    options: Mapping[str, Any] | None


def choose_samples(options: EncodingOptions, shape: FrameShape, losses: Losses) -> EncodedSamples:
    """Choose for frames like one of this shape.

    Raises
    ------
    NotSupportedError
        The codec string means nothing, or alpha cannot be kept.
    """
    visible = shape.visible_rect
    assert visible is not None
    string = usual_codec_string(options.codec, visible.width, visible.height, None, None, 8)
    info = parse_codec(string)
    codec, formats = taken_by(info)
    fmt = shape.format
    depth = 8 if fmt is None else fmt.depth
    named = named_format(options.encoder_options)
    can_keep = formats is None or bool(_with_alpha(formats))
    if codec == "gif" and not releases.gif_clears_pictures():
        can_keep = False
        if options.alpha == "keep":
            raise NotSupportedError(
                "the GIF encoder of this FFmpeg lays transparent pictures over one another"
            )
    keeps = options.alpha == "keep" or (
        options.alpha is None
        and info.is_ffmpeg
        and keeps_pictures(codec)
        and can_keep
        and has_alpha(shape)
        and (named is None or named.alpha)
    )
    if named is not None:
        return EncodedSamples(
            codec, named.depth, named.chroma, keeps, can_keep, options.encoder_options
        )
    chosen = options.encoder_options
    if info.is_ffmpeg:
        name = None if keeps else usual_format(codec, formats, depth)
        if name is not None:
            chosen = {**(chosen or {}), "pixel_format": name}
        return EncodedSamples(codec, depth, "420", keeps, can_keep, chosen)
    depth = usual_depth(options.codec, depth)
    if keeps and string != options.codec:
        depth = _depth_with_alpha(codec, formats or (), depth, losses)
    return EncodedSamples(codec, depth, "420", keeps, can_keep, chosen)


def has_alpha(shape: FrameShape) -> bool:
    """Return whether frames of a shape have an alpha channel, be it opaque all over."""
    found = describe(shape.pix_fmt) if shape.pix_fmt is not None else None
    return found is not None and found.alpha


def _with_alpha(formats: Iterable[str]) -> list[str]:
    found = [entry for entry in map(describe, formats) if entry is not None]
    return [entry.name for entry in found if entry.alpha]


def _depth_with_alpha(codec: str, formats: Iterable[str], depth: int, losses: Losses) -> int:
    """Return `depth`, or as much of it as the encoder has beside alpha; that is said."""
    found = [entry for entry in map(describe, formats) if entry is not None]
    depths = [entry.depth for entry in found if entry.alpha and entry.chroma == "420"]
    if not depths or depth in depths:
        return depth
    most = max(depths)
    if depth > most:
        losses.add(
            f"the depth of {depth} bits",
            f"{codec} has alpha in {most} bits",
            f"{codec} has alpha in {most} bits only here: samples of {depth} bits become "
            f"{most} bits (.mov with codec='ffmpeg:prores_ks' keeps both)",
        )
    return most
