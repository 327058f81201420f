"""Containers that are written as they are made: which those are, and how libavformat does it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from ..._spec.codecs import aac
from ...errors import NotSupportedError
from ..codecs.bitstream_filter import Filter
from ..codecs.parameters import set_extradata
from ..frames import channel_layout
from . import holds

if TYPE_CHECKING:
    from ..._ffi._types import AVCodecParameters
    from .containers import Container
    from .streams import CopiedStream

_MATROSKA = frozenset(("matroska", "webm"))
# Nothing in them depends on what comes later, or a reader does without it.
_STREAMS = {
    *holds.ISO,
    *holds.OGG,
    *_MATROSKA,
    *("mpegts", "mpeg", "vob", "dvd", "svcd", "vcd", "flv"),
    *("h264", "hevc", "m4v", "mpeg1video", "mpeg2video", "mjpeg", "obu", "ivf"),
    *("adts", "mp3", "mp2", "ac3", "eac3", "dts", "truehd", "flac"),
}
_TYPES = {
    "mp4": "mp4",
    "ipod": "mp4",
    "f4v": "mp4",
    "mov": "quicktime",
    "3gp": "3gpp",
    "3g2": "3gpp2",
    "webm": "webm",
    "matroska": "x-matroska",
    "mpegts": "mp2t",
    **dict.fromkeys(holds.OGG, "ogg"),
    "flv": "x-flv",
    **dict.fromkeys(("mpeg", "vob", "dvd", "svcd", "vcd", "mp3", "mp2"), "mpeg"),
    "adts": "aac",
    "flac": "flac",
    "ac3": "ac3",
    "eac3": "eac3",
}
# A block's time is 16 bits of milliseconds beside that of its cluster.
_LONGEST_CLUSTER = "30000"
_LARGEST_CLUSTER = str(64 << 20)


class LiveOutput(Protocol):
    """A `MuxerCore`."""

    container: Container

    def set_option(self, key: str, value: str) -> None:
        """Set an option of libavformat's."""


def require(container: Container) -> None:
    """Raise NotSupportedError if a container cannot be written as it is made."""
    if container.name in _STREAMS:
        return
    name = container.sound_suffix or container.name
    if container.writes_several:
        raise NotSupportedError(
            f"{name} writes files beside the one that is named, each when it is complete: leave "
            "fragmented out, or take .mp4 with on_segment"
        )
    raise NotSupportedError(
        f"{name} cannot be written as it is made: what only the end tells stands in its beginning; "
        "use .mp4, .mkv, .webm or .ts"
    )


def mime_type(container: Container, has_video: bool) -> str:
    """Return the type of such a file, without its codecs."""
    name = _TYPES.get(container.name)
    if name is None:
        return "application/octet-stream"
    is_sound = container.holds_one_stream or not has_video
    return f"{'audio' if is_sound and name != 'mp2t' else 'video'}/{name}"


def set_up(core: LiveOutput) -> None:
    """Choose how such a file is written, before its header."""
    name = core.container.name
    if core.container.is_iso:
        # Fragments end where we say. With delay_moov the first one is looked at before the index is
        # written, so that there is an edit list.
        core.set_option("movflags", "+frag_custom+delay_moov+default_base_moof")
    elif name in _MATROSKA:
        core.set_option("live", "1")
        core.set_option("cluster_time_limit", _LONGEST_CLUSTER)
        core.set_option("cluster_size_limit", _LARGEST_CLUSTER)
    elif name == "flv":
        core.set_option("flvflags", "+no_duration_filesize")


def describe(container: Container, source: CopiedStream, par: AVCodecParameters) -> Filter | None:
    """Give a copied stream the header of its codec, if the file's beginning needs it, and return
    what makes its packets fit. For files that it can go back in, libavformat takes the header of
    ADTS from the first packet, and completes the beginning later.
    """
    header, profile = source.header
    if header or source.codec != "aac" or not (container.is_live and container.needs_description):
        return None
    channels = channel_layout.read(source.parameters).number
    set_extradata(par, aac.config_of_adts(profile, source.sample_rate, channels))
    return Filter("aac_adtstoasc", par) if par.extradata_size else None


def begin_fragment(core: LiveOutput, *, is_first: bool = False) -> None:
    """Let what is written next stand alone: with the container's beginning, if it has none, and
    with its own times.
    """
    if core.container.name == "mpegts":
        core.set_option("mpegts_flags", "+resend_headers")
    elif core.container.is_iso and not is_first:
        # Else libavformat moves it to where the last packet before it ends. That says how long a
        # picture is shown, not when the next one is decoded; and a track that comes late would
        # begin at 0.
        core.set_option("movflags", "+frag_discont")


def keeps_sound_back(container: Container) -> bool:
    """Whether libavformat writes a packet of sound only when the next one comes, so that it would
    stand in the next fragment.
    """
    return container.name in _MATROSKA


def ends_apart(container: Container) -> bool:
    """Whether what is written at the end is none of the last fragment: an index of all of them."""
    return container.is_iso
