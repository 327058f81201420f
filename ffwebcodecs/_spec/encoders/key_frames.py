"""Where an encoder puts key frames if nobody says it, and where in a piece of a film.

A group of pictures as long as usual, and one of what is left, cost a key frame more than the whole
film has there. So a piece has groups of one length, about the usual one.
"""

from __future__ import annotations

from .options import parameter_names

TYPE_CHECKING = False  # typing's own costs an import
if TYPE_CHECKING:
    from collections.abc import Mapping

# Pictures from one key frame to the next at most, where nothing in them asks for one: the values of
# the libraries, which FFmpeg leaves alone. (libvpx and libaom: kf_max_dist of vp8_cx_iface.c,
# vp9_cx_iface.c, av1_cx_iface.c; x264: i_keyint_max; x265: keyframeMax; rav1e:
# max_key_frame_interval.)
_USUAL = {
    "libvpx": 128,
    "libvpx-vp9": 128,
    "libaom-av1": 9999,
    "libx264": 250,
    "libx265": 250,
    "librav1e": 240,
}
_SVT_SECONDS, _SVT_GROUP = 5, 32
# What decides it, or what has to fit it, by any name.
_NAMES = frozenset(
    (
        *("g", "keyint", "intra-period", "kf-max-dist", "key-frame-interval"),
        *("keyint-min", "min-keyint", "kf-min-dist", "min-key-frame-interval"),
        *("intra-refresh", "intra-refresh-period"),
    )
)


def usual_interval(encoder: str, rate: float) -> int | None:
    """Return how many pictures an encoder puts between key frames at most, nearly; None if that is
    not known, or so few that it does not matter where they end.
    """
    if encoder == "libsvtav1":
        # Five times a second's pictures, in whole groups of 16 or 32, and one (SVT-AV1 1.4 to 4.1).
        return _SVT_SECONDS * _SVT_GROUP * max(1, -int(-rate // _SVT_GROUP)) + 1
    return _USUAL.get(encoder)


def names_interval(options: Mapping[str, str]) -> bool:
    """Tell whether an encoder's own options say where key frames are."""
    return any(
        name.replace("_", "-") in _NAMES
        or (name.endswith(("-params", "opts")) and not _NAMES.isdisjoint(parameter_names(text)))
        for name, text in options.items()
    )


def even_interval(frames: int, usual: int) -> int | None:
    """Return how long the groups are of so many pictures, all of them about as long as usual; None
    if they are one group anyway.
    """
    if frames <= usual:
        return None
    groups = max(1, (2 * frames + usual) // (2 * usual))
    return -(-frames // groups)
