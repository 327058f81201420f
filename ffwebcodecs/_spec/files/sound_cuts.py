"""How coded sound is cut to the sample without being coded anew: which packets are kept, and what a
container has to say of them.

A decoder needs some packets before the first one whose samples are wanted. They are kept, and what
they hold is hidden in the way in which the container hides an encoder's delay.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

_OVERLAP = 2  # packets: one overlaps with the next, and is right itself if the one before it is
_BEFORE = {"aac": _OVERLAP, "ac3": _OVERLAP, "eac3": _OVERLAP, "mp2": _OVERLAP, "mp1": _OVERLAP}
_OPUS = 3840  # samples: RFC 7845, 4.6 wants 80 ms
_RESERVOIR, _SIDE = 511, 36  # bytes: ISO 11172-3, 2.4.2.7, and what of a frame is none of it
_WHOLE = ("flac", "alac")
CUT = frozenset({*_BEFORE, *_WHOLE, "mp3", "opus"})
"""Codecs whose packets say how many samples they hold; samples as they are can be cut too."""
_SPECTRAL = (4, 28)  # FFmpeg's numbers of HE-AAC: what its upper half is said now and then only
_XING = 112_000  # bits per second of MP3 with which its header can hide what the reservoir needs
_SAYS_ALL = frozenset({"matroska", "webm", "mp3", "flac", "wav", "aiff", "caf"})


class Holder(NamedTuple):
    """What a container can say.

    Attributes
    ----------
    name : str
        FFmpeg's name of it.
    is_iso, is_ogg : bool
        Whether it is MP4 or a relative, or Ogg.
    """

    name: str
    is_iso: bool
    is_ogg: bool


def is_cut(codec: str, profile: int) -> bool:
    """Return whether a stream's packets can be cut to the sample at all."""
    return (codec in CUT or is_plain(codec)) and profile not in _SPECTRAL


def is_plain(codec: str) -> bool:
    """Return whether a codec's packets are samples as they are, which may be cut anywhere."""
    kind, _, form = codec.partition("_")
    return kind == "pcm" and (
        form in ("u8", "s8", "alaw", "mulaw")
        or (form[:1] in "suf" and form[1:3] in ("16", "24", "32", "64") and form[3:] in _ORDERS)
    )


_ORDERS = ("le", "be")


def is_held(container: Holder, codec: str, bitrate: int, *, begins: bool) -> bool:
    """Return whether a container says which samples of a copied stream are heard.

    Parameters
    ----------
    container : Holder
    codec : str
        FFmpeg's name.
    bitrate : int
        Bits per second of the stream, 0: unknown.
    begins : bool
        Whether the stream is cut at its beginning.
    """
    if is_plain(codec) or container.is_iso:
        return True
    if container.name == "mp3":
        return bitrate >= _XING or not begins
    if container.is_ogg:
        return codec == "opus"
    if container.name in ("matroska", "webm"):
        # FFmpeg goes by CodecDelay for Opus only, and where it decodes several packets at a time,
        # by DiscardPadding for a wrong one.
        return codec == "opus" or not (begins or codec in _WHOLE)
    return False


def is_exact_encoded(container: Holder) -> bool:
    """Return whether what is encoded for a container begins and ends at the very samples."""
    return container.is_iso or container.is_ogg or container.name in _SAYS_ALL


def needed_before(codec: str, lasting: Sequence[int], sizes: Sequence[int]) -> int:
    """Return how many packets before the first one that is heard a decoder needs.

    Parameters
    ----------
    codec : str
    lasting, sizes : sequence of int
        Samples and bytes of the packets that are there, the last one before it last.
    """
    if codec == "mp3":
        return _needed_of_mp3(sizes)
    if codec == "opus":
        total = 0
        for count, samples in enumerate(reversed(lasting), 1):
            total += samples
            if total >= _OPUS:
                return count
        return len(lasting)
    return min(_BEFORE.get(codec, 0), len(lasting))


def _needed_of_mp3(sizes: Sequence[int]) -> int:
    """The frame before overlaps, and has bits in those before that."""
    reservoir = 0
    for count, size in enumerate(reversed(sizes)):
        if reservoir >= _RESERVOIR and count:
            return count
        if count:
            reservoir += max(0, size - _SIDE)
    return len(sizes)
