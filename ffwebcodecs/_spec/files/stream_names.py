"""How a stream is described in words: its dispositions."""

from __future__ import annotations

_DISPOSITIONS = (
    *("default", "dub", "original", "comment", "lyrics", "karaoke", "forced"),
    *("hearing_impaired", "visual_impaired", "clean_effects", "attached_pic"),
    *("timed_thumbnails", "non_diegetic", "", "", "", "captions", "descriptions"),
    *("metadata", "dependent", "still_image", "multilayer"),
)
"""FFmpeg's names of the bits, from the lowest; the numbers are part of its ABI."""


def dispositions(bits: int) -> frozenset[str]:
    """Return FFmpeg's names of a stream's dispositions."""
    return frozenset(
        name for place, name in enumerate(_DISPOSITIONS) if name and bits & (1 << place)
    )


def disposition_bits(*names: str) -> int:
    """Return the bits of dispositions, by FFmpeg's names."""
    return sum(1 << _DISPOSITIONS.index(name) for name in names)
