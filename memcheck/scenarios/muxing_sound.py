"""Files of sound: written, discarded, dropped, given damaged chunks."""

from __future__ import annotations

import io
import random
import warnings
from collections.abc import Iterator

from ffwebcodecs import EncodedAudioChunk, Muxer, WebCodecsError

from ..scenario import Step, scenario
from .sound_decoding import streams

CONTAINERS = ("mp4", "mkv", "ogg", "ts", "mp3", "flac", "wav", "avi")


@scenario("tracks of sound muxed, some discarded or damaged", cycles=1_000, each=2)
def muxers_of_sound() -> Iterator[Step]:
    everything = streams()
    warnings.simplefilter("ignore", UserWarning)

    def step(index: int) -> None:
        chance = random.Random(index)
        name = CONTAINERS[index % len(CONTAINERS)]
        muxer = Muxer(io.BytesIO(), format=name, tracks=("audio", "b") if index % 5 == 4 else None)
        try:
            for track in (None, "b"):
                config, chunks = everything[chance.randrange(len(everything))]
                for chunk in chunks:
                    data = bytearray(chunk.data)
                    if index % 3 == 2:
                        data[chance.randrange(len(data))] = chance.randrange(256)
                    made = EncodedAudioChunk(type="key", timestamp=chunk.timestamp, data=data)
                    muxer.add_chunk(made, config_of(config), track=track)
            if index % 7:
                muxer.close()
        except WebCodecsError:
            pass  # not every container holds every codec, and junk is refused
        finally:
            muxer.discard()

    yield step


def config_of(config: dict[str, object]) -> dict[str, object]:
    """Return metadata with a decoder configuration."""
    return {"decoder_config": config}
