"""Encodes sound with options that nobody in his right mind gives; a crash ends it, and is seen.

Standard input has one attempt a line, as JSON; the name of what each ends with is printed.
"""

from __future__ import annotations

import json
import sys

from ffwebcodecs import WebCodecsError
from ffwebcodecs._av.frames import samples
from ffwebcodecs._av.frames.channel_layout import Channels
from ffwebcodecs._spec.codecs.audio_encoder_config import AudioEncoderConfig
from ffwebcodecs._spec.frames.sample_formats import BY_NAME
from ffwebcodecs.codecs._audio_encoding import SoundEncoding


def attempt(codec: str, rate: int, channels: int, options: dict[str, str]) -> int:
    """Return how many packets there were."""
    config = {"codec": codec, "sample_rate": rate, "number_of_channels": channels}
    encoding = SoundEncoding(AudioEncoderConfig.parse({**config, "encoder_options": options}))
    count = 0
    try:
        for length in (1000, 7, 4000):
            piece = samples.new(BY_NAME["f32"], rate, Channels(channels), length)
            size = length * channels * 4
            noise = (bytes(range(64)) * (size // 64 + 1))[:size]
            samples.view(piece, 0, 0, size, writable=True)[:] = noise
            encoding.send(piece)
            while encoding.receive() is not None:
                count += 1
        encoding.drain()
        while encoding.receive() is not None:
            count += 1
    finally:
        encoding.close()
    return count


def ended(line: str) -> str:
    """Return what an attempt ends with."""
    try:
        return str(attempt(*json.loads(line)))
    except (WebCodecsError, MemoryError) as error:
        return type(error).__name__


for line in sys.stdin:
    print(ended(line), flush=True)
