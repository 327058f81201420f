"""Which files count time from nowhere in particular."""

from __future__ import annotations

# FFmpeg's names of the demuxers whose clock began before the film, at a time that says nothing:
# that of a transmitter or a camera that had been running (MPEG's clock of 33 bits, the time since
# an RTMP server began), that of a random number (RTP), the date of a recorder. A playlist has the
# clock of its segments. In MP4, Matroska, AVI and the rest 0 is the beginning, and what comes later
# than that comes later.
_ARBITRARY = frozenset(
    {"mpegts", "mpegtsraw", "mpeg", "flv", "live_flv", "kux", "rtsp", "rtp", "sdp", "sap"}
    | {"hls", "dash", "wtv", "dhav", "pva", "ty"}
)


def begins_anywhere(format_name: str) -> bool:
    """Return whether the time at which a file begins says nothing.

    Parameters
    ----------
    format_name : str
        FFmpeg's name of the demuxer: ``"mpegts"``, or several, as ``"mov,mp4,m4a,3gp,3g2,mj2"``.
    """
    return format_name.partition(",")[0] in _ARBITRARY
