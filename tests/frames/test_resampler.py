"""Resampled sound is the ffmpeg program's, at its times, however it is divided into frames."""

from __future__ import annotations

import functools
import itertools

import attack
import numpy as np
import pytest
from clips import MEDIA, run_ffmpeg
from sound_frames import DTYPES, Samples, array_of, frame_of, number, resampled, shape

from ffwebcodecs._av.frames import channel_layout
from ffwebcodecs._av.frames.channel_layout import Channels, usual
from ffwebcodecs._av.frames.resampler import Resampler, Resampling
from ffwebcodecs.errors import NotSupportedError, OperationError

RATES = (8000, 11025, 16000, 22050, 24000, 32000, 44100, 48000, 96000)
PAIRS = [*itertools.permutations(RATES, 2)]
MONO, STEREO = Channels(1, "mono"), Channels(2, "stereo")
SURROUND = Channels(6, "5.1")


@functools.cache
def noise(count: int, channels: int = 1, name: str = "flt") -> Samples:
    pick = np.random.default_rng(count)
    data = pick.uniform(-0.9, 0.9, (count, channels))
    if name[:3] in ("flt", "dbl"):
        return data.astype(DTYPES[name.removesuffix("p")])
    if name[:2] == "u8":
        return pick.integers(0, 256, (count, channels), np.uint8)
    bits = int(name.removesuffix("p")[1:])
    return np.rint(data * 2.0 ** (bits - 1)).astype(DTYPES[name.removesuffix("p")])


def by_the_program(
    data: Samples, name: str, rate: int, channels: Channels, to: tuple[str, int, Channels]
) -> Samples:
    """Return what the ffmpeg program's filter aresample makes of an array."""
    raw = {"flt": "f32le", "dbl": "f64le", "u8": "u8"}.get(name, f"{name}le")
    MEDIA.mkdir(parents=True, exist_ok=True)
    path = MEDIA / f"resampled-{name}-{rate}-{channels.layout}.raw"
    path.write_bytes(np.ascontiguousarray(data).tobytes())
    fmt, target, layout = to
    out = {"flt": "f32le", "dbl": "f64le", "u8": "u8"}.get(fmt, f"{fmt}le")
    chain = f"aformat=channel_layouts={channels.layout},aresample={target}"
    if {name, fmt} <= {"u8", "s16"} and rate != target:
        chain += ":internal_sample_fmt=fltp"  # of itself only since FFmpeg 6.1
    chain += ","
    chain += f"aformat=sample_fmts={fmt}:channel_layouts={layout.layout}"
    given = ("-f", raw, "-ar", str(rate), "-ac", str(channels.number), "-i", path)
    made = run_ffmpeg(*given, "-af", chain, "-f", out, "-")
    return np.frombuffer(made, DTYPES[fmt]).reshape(-1, layout.number)


@pytest.mark.parametrize(
    ("name", "rate", "channels", "to"),
    [
        ("flt", 44100, MONO, ("flt", 48000, MONO)),
        ("s16", 48000, STEREO, ("s16", 11025, STEREO)),
        ("s16", 8000, MONO, ("flt", 96000, MONO)),
        ("flt", 48000, SURROUND, ("flt", 48000, STEREO)),
        ("s16", 48000, SURROUND, ("s16", 44100, STEREO)),
        ("dbl", 32000, STEREO, ("s32", 22050, MONO)),
        ("u8", 22050, MONO, ("dbl", 16000, STEREO)),
    ],
)
def test_samples_are_those_of_the_ffmpeg_program(
    name: str, rate: int, channels: Channels, to: tuple[str, int, Channels]
) -> None:
    data = noise(5000, channels.number, name)
    wanted = by_the_program(data, name, rate, channels, to)
    found = resampled(data, shape(name, rate, channels), shape(*to))
    assert len(found) == len(wanted)
    scale = 1 if to[0] in ("flt", "dbl") else 2.0 ** (8 * np.dtype(DTYPES[to[0]]).itemsize - 1)
    # The program may be of another release, whose SIMD rounds in another order.
    assert np.abs(found.astype(float) - wanted).max() / scale <= max(1e-6, 1.01 / scale)


@pytest.mark.parametrize("count", [1, 2, 31, 33, 1000])
def test_so_many_samples_come_out_as_the_time_holds(count: int) -> None:
    for one, other in PAIRS:
        found = len(resampled(noise(count), shape("flt", one, MONO), shape("flt", other, MONO)))
        assert abs(found - count * other / one) < 1, (one, other)


@pytest.mark.parametrize(("one", "other"), [(44100, 48000), (48000, 44100), (8000, 96000)])
def test_each_sample_is_what_the_sound_is_at_its_time(one: int, other: int) -> None:
    def sound(count: int, rate: int) -> Samples:
        return np.sin(2 * np.pi * 440 * np.arange(count) / rate + 0.5).reshape(-1, 1)

    found = resampled(sound(one // 10, one), shape("dbl", one, MONO), shape("dbl", other, MONO))
    wanted = sound(len(found), other)
    edge = other // 200  # there the sound is mirrored, which a sine is not
    assert np.abs(found - wanted)[edge:-edge].max() < 1e-4


def test_frames_of_any_length_give_the_same_as_one() -> None:
    pick = np.random.default_rng(7)
    for one, other in ((44100, 48000), (48000, 8000), (11025, 96000), (48000, 48000)):
        for count in (20, 3000):
            source, target = shape("flt", one, STEREO), shape("s16p", other, MONO)
            whole = resampled(noise(count, 2), source, target)
            for most in (1, 7, 500) if count == 20 else (40, 1000):
                blocks = pick.integers(1, most + 1, count).tolist()
                assert np.array_equal(whole, resampled(noise(count, 2), source, target, blocks)), (
                    one,
                    other,
                    most,
                )


@pytest.mark.attack
def test_any_conversion_is_the_same_in_any_pieces() -> None:
    pick = np.random.default_rng(attack.dice("resampler").getrandbits(32))
    layouts = [MONO, STEREO, SURROUND, Channels(4, "quad"), Channels(8, "7.1"), Channels(9)]
    names = [name + planar for name in DTYPES for planar in ("", "p")]
    for _ in range(attack.rounds(60, 3000)):
        one, other = pick.choice(RATES, 2).tolist()
        from_name, to_name = pick.choice(names, 2).tolist()
        channels = layouts[pick.integers(len(layouts))]
        to = channels if channels.layout is None else layouts[pick.integers(len(layouts) - 1)]
        count = int(pick.integers(1, 3000))
        data = noise(count, channels.number, from_name)
        source, target = shape(from_name, one, channels), shape(to_name, other, to)
        whole = resampled(data, source, target)
        said = source, target, count
        assert abs(len(whole) - count * other / one) < 1, said
        blocks = pick.integers(1, 1 + int(pick.choice([40, 500, 2000])), count).tolist()
        assert np.array_equal(whole, resampled(data, source, target, blocks)), said


def test_unknown_places_of_channels_are_the_usual_ones() -> None:
    data = noise(400, 6)
    wanted = resampled(data, shape("flt", 48000, usual(6)), shape("flt", 48000, STEREO))
    found = resampled(data, shape("flt", 48000, Channels(6)), shape("flt", 48000, Channels(2)))
    assert np.array_equal(found, wanted)


def test_channels_that_nobody_can_mix_are_refused() -> None:
    with pytest.raises(
        NotSupportedError, match=r"9 channels of flt at 48000 Hz to stereo .*places"
    ):
        Resampler(shape("flt", 48000, Channels(9)), number("flt"), 48000, STEREO)
    with pytest.raises(NotSupportedError, match="65 channels: libswresample takes 64"):
        Resampler(shape("flt", 48000, Channels(65)), number("flt"), 44100, Channels(65))
    with pytest.raises(NotSupportedError, match="at 0 Hz"):
        Resampler(shape("flt", 0, MONO), number("flt"), 48000, MONO)


def test_a_change_within_the_sound_is_told_and_changes_nothing() -> None:
    resampler = Resampler(shape("flt", 48000, STEREO), number("flt"), 44100, STEREO)
    for other in (
        frame_of(noise(50, 2), "flt", 44100),
        frame_of(noise(50, 1), "flt", 48000),
        frame_of(noise(50, 2), "fltp", 48000),
    ):
        assert not resampler.fits(other)
        with pytest.raises(OperationError, match="the sound changes from stereo flt at 48000 Hz"):
            resampler.convert(other)
    assert resampler.convert(None) is None
    resampler.close()
    resampler.close()


def test_after_the_end_it_begins_anew() -> None:
    resampler = Resampler(shape("flt", 48000, MONO), number("flt"), 44100, MONO)
    rounds = []
    for _ in range(2):
        first = resampler.convert(frame_of(noise(900), "flt", 48000))
        last = resampler.convert(None)
        assert first is not None and last is not None and first.pts == 0
        assert resampler.convert(None) is None
        rounds.append(np.concatenate([array_of(first), array_of(last)]))
    assert np.array_equal(*rounds)


def test_sound_that_changes_its_shape_becomes_one_shape() -> None:
    resampling = Resampling(number("flt"), 48000, STEREO)
    same = frame_of(noise(480, 2), "flt", 48000)
    assert resampling.convert(same) == [same]  # nothing to do
    made = resampling.convert(frame_of(noise(441, 2), "flt", 44100))
    made += resampling.convert(frame_of(noise(160, 1, "s16"), "s16", 16000))
    made += resampling.convert(same)
    made += resampling.drain()
    assert made[-1] == same
    assert abs(sum(each.nb_samples for each in made) - 3 * 480) < 2
    assert {(each.format, each.sample_rate) for each in made} == {(number("flt"), 48000)}
    assert {channel_layout.read(each) for each in made} == {STEREO}
    resampling.close()
