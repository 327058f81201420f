"""EncodedVideoChunkMetadata: what an encoder says besides the chunk itself."""

from __future__ import annotations

from dataclasses import dataclass

from .._public import public
from .._spec.codecs.config import VideoDecoderConfig


@public
@dataclass(frozen=True)
class SvcOutputMetadata:
    """Where a chunk stands in a scalable stream.

    Parameters
    ----------
    temporal_layer_id : int
        0 is the base layer, which can be decoded without the others.
    """

    temporal_layer_id: int


@public
@dataclass(frozen=True)
class EncodedVideoChunkMetadata:
    """What an encoder says about a chunk.

    Parameters
    ----------
    decoder_config : VideoDecoderConfig, optional
        What a decoder, or a file, needs to know: with the first chunk, and when it has changed.
    svc : SvcOutputMetadata, optional
        Only if the configuration has several temporal layers.
    alpha_side_data : bytes, optional
        The coded alpha channel, if the configuration keeps alpha.
    """

    decoder_config: VideoDecoderConfig | None = None
    svc: SvcOutputMetadata | None = None
    alpha_side_data: bytes | None = None
