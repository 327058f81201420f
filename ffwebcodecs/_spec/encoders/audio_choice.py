"""Which of FFmpeg's encoders may write a codec of sound, and what each is best given.

Pure tables and arithmetic: what the installed FFmpeg really has is asked elsewhere.
"""

from __future__ import annotations

from ...errors import NotSupportedError
from ..codecs.aac import PS, SBR
from ..codecs.sound import AudioCodecInfo
from ..frames.sample_formats import BY_FFMPEG, SampleFormat

TYPE_CHECKING = False  # typing's own costs an import
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

# The best first, by FFmpeg's name of the codec; of the others FFmpeg has one, called like it.
_ENCODERS: dict[str, tuple[str, ...]] = {
    "opus": ("libopus",),
    "aac": ("aac", "libfdk_aac"),
    "mp3": ("libmp3lame", "libshine"),
    "vorbis": ("libvorbis", "vorbis"),
}
_HIGH_EFFICIENCY = ("libfdk_aac",)
# MPEG-2's Main and SSR; FFmpeg writes LC alone.
_UNWRITTEN = ("mp4a.66", "mp4a.68")
# Where the encoder has no list: the layouts that the codec can say. (AAC could say others too, in
# a way that few players understand.)
_LAYOUTS: dict[str, tuple[str, ...]] = {
    "libopus": ("mono", "stereo", "3.0", "quad", "5.0", "5.1", "6.1", "7.1"),
    "aac": ("mono", "stereo", "3.0", "4.0", "5.0", "5.1", "7.1"),
    "flac": ("mono", "stereo", "3.0", "quad", "5.0", "5.1", "6.1", "7.1"),
    "libvorbis": ("mono", "stereo", "3.0", "quad", "5.0", "5.1", "6.1", "7.1"),
}
_MORE = frozenset(("aac",))
"""Those that take other layouts nevertheless."""
RESAMPLED = {"libopus": 48000}
"""Encoders for which sound of other rates is resampled, as browsers do, and to which rate."""
# Of a type, what loses least, the best first: 24 bits are all that FLAC and ALAC keep, and more
# than the fraction of a float has.
_TYPES = {
    "u8": ("u8", "s16", "s32", "f32"),
    "s16": ("s16", "s32", "f32", "u8"),
    "s32": ("s32", "f32", "s16", "u8"),
    "f32": ("f32", "s32", "s16", "u8"),
}
_24_BITS = frozenset(("flac", "alac"))
VARYING = frozenset(("libvorbis", "vorbis"))
"""Encoders whose packets have different numbers of samples."""

# FFmpeg's libopus puts 5 and 7 channels into the wrong places (4.3 to 9.0: it takes its table of
# places the wrong way round, which is the same only for the other numbers), so they are given in
# the order that comes out right; the tests hear it, should a release put it right.
_ORDERS = {("libopus", 5): (0, 1, 4, 2, 3), ("libopus", 7): (0, 1, 4, 3, 5, 2, 6)}


# A float that is too loud, or no number, ends the process: an assertion of LAME, at 10,000 times
# full scale in the worst case that was found. Others take it as it comes, or refuse it themselves.
_LOUDEST = {"libmp3lame": 256.0}
# FFmpeg's SMPTE 302M cannot say how long a longer packet is.
_BLOCKS = {"s302m": 1024}


# FFmpeg's usual place of a third channel is the one for bass alone, where all else is lost.
_WITHOUT_BASS = {"2.1": "3.0"}


def unit_of(encoder: str) -> int:
    """Return of how many samples a packet of this encoder is a multiple, short ones too."""
    # FFmpeg's ADPCM puts two samples into a byte: half a byte ends the process, or is lost. So does
    # half a group of samples of a DVD, which has 4 at most.
    if encoder == "pcm_dvd":
        return 4
    return 2 if encoder.startswith("adpcm_") else 1


def loudest(encoder: str, fmt: SampleFormat) -> float | None:
    """Return how loud samples may be for an encoder, where 1 is full scale; None: as they are."""
    return _LOUDEST.get(encoder) if fmt.interleaved.name == "f32" else None


def block_of(encoder: str) -> int:
    """Return into how many samples sound is cut for an encoder that takes any number; 0: as it
    comes.
    """
    return _BLOCKS.get(encoder, 0)


def order_of(encoder: str, channels: int) -> tuple[int, ...] | None:
    """Return which channel goes to each place of an encoder's input, None: each to its own."""
    return _ORDERS.get((encoder, channels))


def candidates(info: AudioCodecInfo) -> tuple[str, ...]:
    """Return the encoders to try for a codec string, the best first.

    Raises
    ------
    NotSupportedError
        No encoder that FFmpeg may have writes it.
    """
    if info.string in _UNWRITTEN:
        raise NotSupportedError(f"{info.string}: FFmpeg writes AAC-LC, 'mp4a.40.2' or 'mp4a.67'")
    if info.object_type in (SBR, PS):
        return _HIGH_EFFICIENCY
    if info.object_type not in (None, 2):
        raise NotSupportedError(
            f"{info.string}: no encoder writes AAC's object type {info.object_type}; write "
            "'mp4a.40.2', AAC-LC"
        )
    return _ENCODERS.get(info.name, (info.name,))


def choose_format(
    encoder: str, names: Iterable[str] | None, source: SampleFormat
) -> tuple[SampleFormat, int]:
    """Return the format in which samples lose least, and how many bits of each are used (0: all).

    Parameters
    ----------
    encoder : str
        FFmpeg's name.
    names : iterable of str, optional
        FFmpeg's names of the formats that it takes, None: any.
    source : SampleFormat

    Raises
    ------
    NotSupportedError
        It takes none that samples can be made into.
    """
    if names is None:
        return source, 0
    found = [BY_FFMPEG[name] for name in names if name in BY_FFMPEG]
    for kind in _TYPES[source.interleaved.name]:
        fitting = [each for each in found if each.interleaved.name == kind]
        if fitting:
            same = [each for each in fitting if each.is_planar == source.is_planar]
            bits = 24 if encoder in _24_BITS and kind == "s32" else 0
            return (same or fitting)[0], bits
    raise NotSupportedError(f"{encoder} takes samples as {', '.join(names)}, none of them is here")


def choose_layout(
    encoder: str,
    listed: Sequence[tuple[int, str | None]] | None,
    count: int,
    wanted: str | None,
    usual: str | None,
    insists: bool,
) -> str | None:
    """Return the layout in which an encoder is given so many channels; None: anywhere.

    Side and back are one where only one of them can be said: 5.1 with either is heard on the same
    loudspeakers.

    Parameters
    ----------
    encoder : str
        FFmpeg's name.
    listed : sequence of (number, layout), optional
        What it takes by its own list, None if it has none.
    count : int
        Of channels.
    wanted : str, optional
        What the channels are; None: nobody says.
    usual : str, optional
        FFmpeg's usual layout for so many.
    insists : bool
        Whether channels at other places must not be taken for `wanted`.

    Raises
    ------
    NotSupportedError
        It takes no such; says which.
    """
    known = _known(encoder, listed)
    if known is None:
        return wanted or usual
    names = [name for number, name in known if number == count and name is not None]
    is_said = insists or (wanted is not None and encoder in _MORE)
    for each in [wanted] if is_said else [wanted, _WITHOUT_BASS.get(usual or "", usual)]:
        if each is not None:
            if each in names:
                return each
            for name in names:
                if _plain(name) == _plain(each):
                    return name
    if encoder in _MORE and (wanted or usual):
        return wanted or usual
    every = ", ".join(name for _, name in known if name)
    if not names:
        raise NotSupportedError(f"{encoder} does not take {count} channels, only {every}")
    if insists:
        raise NotSupportedError(
            f"{encoder} cannot say that the channels are {wanted}; it takes {every}"
        )
    return names[0]


def _known(
    encoder: str, listed: Sequence[tuple[int, str | None]] | None
) -> Sequence[tuple[int, str | None]] | None:
    """Return what an encoder takes, None if nobody says."""
    if listed is not None:
        return listed
    names = _LAYOUTS.get(encoder)
    return None if names is None else [(_COUNTS[name], name) for name in names]


_COUNTS = {"mono": 1, "stereo": 2, "3.0": 3, "4.0": 4, "quad": 4, "5.0": 5, "5.1": 6, "6.1": 7} | {
    "7.1": 8
}


def _plain(name: str) -> str:
    return name.removesuffix("(side)").removesuffix("(back)")


def choose_rate(encoder: str, rates: Sequence[int] | None, rate: int) -> int:
    """Return the rate at which an encoder is given sound of this one.

    Raises
    ------
    NotSupportedError
        It takes others; says which.
    """
    if rates is None or rate in rates:
        return rate
    if encoder in RESAMPLED:
        return RESAMPLED[encoder]
    known = ", ".join(map(str, sorted(rates)))
    raise NotSupportedError(f"{encoder} does not take {rate} Hz, only {known}; resample to one")
