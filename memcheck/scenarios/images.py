"""Images decoded by frame: whole and in pieces, damaged, left in every way."""

from __future__ import annotations

import gc
import warnings
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice

from ffwebcodecs import ImageDecoder, WebCodecsError

from .. import media
from ..scenario import Step, scenario

_WAIT = 20


def _pieces(data: bytes) -> Iterator[bytes]:
    for at in range(0, len(data), 100):
        yield data[at : at + 100]


def _frames(decoder: ImageDecoder, index: int) -> None:
    decoder.tracks.ready.result(timeout=_WAIT)
    track = decoder.tracks[index % len(decoder.tracks)]
    track.selected = True
    wanted = [decoder.decode(number) for number in range(min(track.frame_count, 4))]
    for each in islice(wanted, index % 4, None):
        image, _ = each.result(timeout=_WAIT)
        with image:
            image.copy_to(bytearray(image.allocation_size()))


@scenario("images: whole, in pieces and damaged; frames taken, and left", cycles=1_000, each=1)
def images() -> Iterator[Step]:
    kinds = list(media.images())

    def step(index: int) -> None:
        type, data = kinds[index % len(kinds)]
        if index % 3 == 1:
            data = data[: 1 + index * 37 % len(data)]
        source = _pieces(data) if index % 2 else data
        decoder = ImageDecoder(data=source, type=type)
        with suppress(WebCodecsError, IndexError):
            _frames(decoder, index)
        if index % 5:
            decoder.close()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ResourceWarning)
            del decoder
        if not index % 4:
            # An error holds the decoder by its traceback; many that wait for the collector would
            # make tables larger, which stay.
            gc.collect()

    for index in range(len(kinds)):  # what is made once for each kind is no leak
        step(index)
    yield step
