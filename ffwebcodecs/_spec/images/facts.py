"""What is known of an image file before anything is decoded."""

from __future__ import annotations

from ..codecs.bits import Record

ENDLESS = float("inf")
MOST_PICTURES = 1 << 17
"""Pictures of an animation that are told apart: 87 minutes at 25 a second."""

# What becomes of a picture's rectangle before the next picture.
KEEP, CLEAR, RESTORE = 0, 1, 2


class BadImage(Exception):  # noqa: N818 - a finding about data, which callers make an error of
    """The data is no image of this kind, or ends before its tracks are known; the text says why."""


class ImagePart(Record):
    """One picture of a track: where its bytes are, and what is done with its pixels.

    Attributes
    ----------
    timestamp : int
        Sum of the earlier pictures' durations, in microseconds.
    duration : int or None
        In microseconds; None: a still picture.
    start, stop : int
        The bytes of the file that belong to it, as far as they have arrived.
    rect : tuple of int
        x, y, width and height on the canvas.
    dispose : int
        `KEEP`, `CLEAR` (to transparent) or `RESTORE` (what was there before).
    blend : bool
        Whether it is laid over what is there; else it takes its place, alpha too.
    complete : bool
        Whether all of its bytes have arrived.
    damage : str or None
        Why it cannot be decoded though its bytes are there.
    """

    __slots__ = (
        *("blend", "complete", "damage", "dispose", "duration"),
        *("rect", "start", "stop", "timestamp"),
    )
    timestamp: int
    duration: int | None
    start: int
    stop: int
    rect: tuple[int, int, int, int]
    dispose: int
    blend: bool
    complete: bool
    damage: str | None

    def __init__(  # not `Record`'s: a file may have very many
        self,
        timestamp: int,
        duration: int | None,
        start: int,
        stop: int,
        rect: tuple[int, int, int, int],
        dispose: int = KEEP,
        blend: bool = False,
        complete: bool = False,
        damage: str | None = None,
    ) -> None:
        self.timestamp, self.duration, self.start, self.stop = timestamp, duration, start, stop
        self.rect, self.dispose, self.blend = rect, dispose, blend
        self.complete, self.damage = complete, damage


class TrackFacts(Record):
    """One track.

    Attributes
    ----------
    animated : bool
    repetition_count : float
        How often it is played again after the first time, `ENDLESS` if without end.
    frames : tuple of ImagePart
        Those of which there is anything yet.
    """

    __slots__ = ("animated", "frames", "repetition_count")
    animated: bool
    repetition_count: float
    frames: tuple[ImagePart, ...]


class ImageFacts(Record):
    """One file.

    Attributes
    ----------
    kind : str
        Name of the parser, such as ``"png"``.
    width, height : int
        Of the canvas, as stored.
    rotation, flip : int, bool
        How it is turned to be shown: degrees clockwise, then mirrored.
    has_alpha : bool or None
        Whether pixels may be transparent; None: not known from the headers.
    bit_depth : int or None
        Of a sample; None: not known.
    gamma : float or None
        Of a PNG's `gAMA` chunk, where neither `sRGB`, `iCCP` nor `cICP` takes precedence.
    cicp : tuple of int or None
        Primaries, transfer, matrix, full range: ITU-T H.273's numbers, in a PNG or AVIF.
    has_icc : bool
        Whether there is a colour profile.
    tracks : tuple of TrackFacts
    """

    __slots__ = (
        *("bit_depth", "cicp", "flip", "gamma", "has_alpha", "has_icc", "height", "kind"),
        *("rotation", "tracks", "width"),
    )
    kind: str
    width: int
    height: int
    rotation: int
    flip: bool
    has_alpha: bool | None
    bit_depth: int | None
    gamma: float | None
    cicp: tuple[int, int, int, int] | None
    has_icc: bool
    tracks: tuple[TrackFacts, ...]

    def default_track(self, prefer_animation: bool | None = None) -> int:
        """Return which track is selected at first."""
        if prefer_animation is False:
            still = (n for n, track in enumerate(self.tracks) if not track.animated)
            return next(still, 0)
        moving = (n for n, track in enumerate(self.tracks) if track.animated)
        return next(moving, 0)
