"""EncodedAudioChunkMetadata: what an encoder says besides the chunk itself."""

from __future__ import annotations

from dataclasses import dataclass

from .._public import public
from .._spec.codecs.audio_config import AudioDecoderConfig


@public
@dataclass(frozen=True)
class EncodedAudioChunkMetadata:
    """What an encoder of sound says about a chunk.

    Parameters
    ----------
    decoder_config : AudioDecoderConfig, optional
        What a decoder, or a file, needs to know: with the first chunk, and when it has changed.
    """

    decoder_config: AudioDecoderConfig | None = None
