"""SegmentInfo: what is known of a segment of a file that is written as it is made."""

from __future__ import annotations

from dataclasses import dataclass

from .._public import public


@public
@dataclass(frozen=True)
class SegmentInfo:
    """What `Muxer` says of a segment that it gives to `on_segment`.

    Attributes
    ----------
    kind : {"init", "media"}
        The beginning of the file, which all others need: what HLS names in EXT-X-MAP. Or a
        fragment.
    index : int
        0 is the init segment, media segments count from 1.
    timestamp : int
        When the first picture of a media segment is shown, or its first sound is heard if it has no
        picture, in microseconds of the file: it begins at 0 or later. Before it may lie what came
        too late for the segment before, and pictures of an open group, which are decoded after
        the key frame and shown before it.
    duration : int
        Until the next segment begins, in microseconds; of the last one, until its last picture, or
        sound, ends. Both are 0 of an init segment.
    key : bool
        Whether it begins with a key frame, so that a player can begin with it; always, of sound
        alone. False of an init segment.
    byte_length : int
        How many bytes it has. In MPEG-TS and raw streams an init segment has none.
    mime_type : str
        What ``MediaSource.addSourceBuffer`` takes: ``'video/mp4; codecs="avc1.64001f, opus"'``.
        Without ``codecs`` if there is a track for which the web has no name.
    """

    kind: str
    index: int
    timestamp: int
    duration: int
    key: bool
    byte_length: int
    mime_type: str
