"""How many samples lie between the beginnings of a codec's packets, or divide that; and how many
packets a decoder needs before it gives what it gives of the whole.
"""

from __future__ import annotations

_WHOLE = frozenset(
    {"aac", "aac_latm", "mp1", "mp2", "mp3", "ac3", "dts"}
)  # all frames are of one length
_EXACT = ("pcm_", "flac", "alac", "wavpack", "tta")
_AAC = frozenset({"aac", "aac_latm"})
_NOISE = _AAC | {"ac3", "eac3"}
_OVERLAPPING = _NOISE | {"vorbis", "mp2", "mp1"}


def grid_of(codec: str, extradata: bytes, rate: int, samples: int) -> int | None:
    """Return the number of which all packets' lengths are multiples, None if nothing tells.

    Parameters
    ----------
    codec : str
        FFmpeg's name.
    extradata : bytes
        FFmpeg's header of the codec.
    rate : int
        Hertz.
    samples : int
        Of a packet that is not the last one.
    """
    if codec == "eac3":
        return 256
    if codec == "flac" and len(extradata) >= 4:
        least, most = (int.from_bytes(extradata[i : i + 2], "big") for i in (0, 2))
        return most if least == most > 0 else None
    if codec == "alac" and len(extradata) >= 16:
        return int.from_bytes(extradata[12:16], "big") or None
    if codec == "vorbis":
        return _shortest_block(extradata)
    known = codec in _WHOLE or is_free(codec)
    return samples if known and samples > 0 else None


def is_free(codec: str) -> bool:
    """Return whether packets of a codec may be of any length: that those of a file are of one is
    to be seen.
    """
    return codec == "opus" or codec.startswith("pcm_")


def flac_block(head: bytes, extradata: bytes) -> int | None:
    """Return which sample a frame of FLAC says that it begins with, None if it does not say it in
    the first 8 bytes, or blocks are not of one length.
    """
    block = grid_of("flac", extradata, 0, 0)
    if block is None or len(head) < 8 or head[0] != 0xFF or head[1] & 0xFD != 0xF8:
        return None
    lead = head[4]
    if lead < 0x80:
        return lead * block
    more = 1 if lead < 0xE0 else 2 if lead < 0xF0 else 3
    if lead < 0xC0 or lead >= 0xF8:
        return None
    number = lead & (0x3F >> more)
    for byte in head[5 : 5 + more]:
        number = number << 6 | byte & 0x3F
    return number * block


def _shortest_block(extradata: bytes) -> int | None:
    """Return a quarter of Vorbis' short blocks: a packet gives a quarter of its own block and one
    of the block before.
    """
    place = extradata.find(b"\x01vorbis")
    if place < 0 or len(extradata) <= place + 28:
        return None
    return max(1, (1 << (extradata[place + 28] & 15)) // 4)


def is_known(codec: str) -> bool:
    """Return whether it is known what a decoder needs to go on in the middle; of others it is not,
    nor whether containers say where that is.
    """
    return codec in _OVERLAPPING or codec in ("opus", "mp3", "dts") or codec.startswith(_EXACT)


def makes_noise(codec: str) -> bool:
    """Return whether decoders add noise of a generator that goes on from packet to packet."""
    return codec in _NOISE


def preroll_of(codec: str, rate: int, samples: int, profile: int) -> int:
    """Return how many samples before those that are wanted are to be decoded, and thrown away.

    Opus wants 80 ms by its specification; what its loudness is predicted from fades to nothing in
    half a second. MP3 has bits of a frame in up to
    nine frames before; AAC, Vorbis and AC-3 overlap with one; HE-AAC says now and then only how its
    upper half is made.
    """
    if codec.startswith(_EXACT):
        return 0
    if codec == "opus":
        return rate * 6 // 10
    if codec == "mp3":
        return 12 * max(samples, 1152)
    if codec in _AAC and (profile in _SPECTRAL or samples > 1024):
        return 2 * rate
    if codec in _OVERLAPPING:
        return 4 * max(samples, 2048)
    return rate // 2


_SPECTRAL = frozenset({4, 28})  # FFmpeg's numbers of HE-AAC and HE-AAC v2
