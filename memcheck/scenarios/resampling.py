"""Resamplers: drained, dropped in the middle, of every shape."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from ffwebcodecs._av.frames import samples
from ffwebcodecs._av.frames.channel_layout import Channels
from ffwebcodecs._av.frames.resampler import Resampler, Resampling
from ffwebcodecs._av.frames.samples import SoundShape
from ffwebcodecs._spec.frames.sample_formats import BY_NAME

from ..scenario import Step, scenario

LAYOUTS = Channels(1, "mono"), Channels(2, "stereo"), Channels(6, "5.1")
RATES = 8000, 44100, 48000


def shapes() -> list[SoundShape]:
    """Return eleven of the shapes of sound there are."""
    several = list(itertools.product(BY_NAME.values(), RATES, LAYOUTS))[::7]
    return [
        SoundShape(fmt, rate, channels, samples.number_of(fmt)) for fmt, rate, channels in several
    ]


@scenario("resamplers fed, drained or dropped halfway", cycles=1_000, each=3)
def resamplers() -> Iterator[Step]:
    everything = shapes()

    def step(index: int) -> None:
        source = everything[index % len(everything)]
        target = everything[index * 7 % len(everything)]
        resampler = Resampler(source, target.sample_fmt, target.sample_rate, target.channels)
        assert source.format is not None
        for count in (10, 500):
            ptr = samples.new(source.format, source.sample_rate, source.channels, count)
            resampler.convert(ptr)
        if index % 3:
            resampler.convert(None)

    yield step


@scenario("sound that changes its shape all the time", cycles=1_000, each=2)
def resampling() -> Iterator[Step]:
    everything = shapes()
    target = everything[2]
    made = Resampling(target.sample_fmt, target.sample_rate, target.channels)

    def step(index: int) -> None:
        source = everything[index * 3 % len(everything)]
        assert source.format is not None
        made.convert(samples.new(source.format, source.sample_rate, source.channels, 200))
        if not index % 10:
            made.drain()

    yield step
    made.close()
