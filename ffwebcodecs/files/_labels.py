"""What names a stream and belongs to it as a whole: language, title, dispositions, timecode.

Kept where the container holds it, told as lost where it does not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction

from .._av.codecs.parameters import StreamParameters
from .._av.files import holds
from .._av.files.containers import Container
from .._av.files.streams import CopiedStream
from .._av.files.video_stream import VideoStream
from .._spec.files import timecode
from .._spec.files.stream_names import disposition_bits, dispositions
from ._losses import Losses
from ._original import Original

_WORDS = disposition_bits(
    *("dub", "original", "comment", "lyrics", "karaoke", "forced", "hearing_impaired"),
    *("visual_impaired", "clean_effects", "captions", "descriptions", "metadata"),
)
_DEFAULT = disposition_bits("default")
# MP4 has one word for both of each.
_SAME = {"captions": "hearing_impaired", "descriptions": "visual_impaired"}
# Written by ourselves where it is so.
_OURS = {"rotate", "alpha_mode"}
# How the stream was made, or put into the file.
_OF_ENCODER = {"encoder", "vendor_id"}
_COUNTED = ("bps", "duration", "number_of_frames", "number_of_bytes", "_statistics_")
# Nobody misses them: the container has another place for it, or it is a program's note.
_TECHNICAL = {
    *_OURS,
    *_OF_ENCODER,
    *("handler_name", "creation_time", "stereo_mode", "source_id", "variant_bitrate"),
    *("major_brand", "minor_version", "compatible_brands"),  # Ogg has the file's in its streams
}
_DEFAULT_HANDLERS = {"", "videohandler", "soundhandler", "subtitlehandler"}


class Unheld:
    """What the labels of a file's streams lack in a container; told once for all streams."""

    def __init__(self, container: Container, losses: Losses) -> None:
        self._container = container
        self._losses = losses
        self._found: dict[str, list[str]] = {}

    def add(self, what: str, kind: str, value: str) -> None:
        """Note what a stream of this kind lacks."""
        self._found.setdefault(what, []).append(f"{kind} {value!r}")

    def tell(self) -> None:
        """Say what is lost."""
        name = self._container.name
        for what, streams in self._found.items():
            listed = f"{what} ({', '.join(streams)})"
            self._losses.add(
                f"stream {listed}",
                f"{name} cannot hold it",
                f"{name} cannot hold the {listed} of a stream: it is left out (.mkv holds it)",
            )


def label_video(
    video: VideoStream,
    original: Original,
    container: Container,
    first: int,
    copied: Sequence[CopiedStream],
    unheld: Unheld,
) -> None:
    """Give a video stream the labels of the one that it comes from.

    Parameters
    ----------
    video : VideoStream
    original : Original
    container : Container
    first : int
        Timestamp of the first chunk.
    copied : sequence of CopiedStream
        The other streams of the output.
    unheld : Unheld
        Takes what the container cannot hold.
    """
    parameters = original.parameters
    tags = stream_tags(dict(parameters.tags), original)
    begins = 0 if parameters.start_time is None else parameters.start_time
    if not (original.is_encoded or original.is_part):
        # FFmpeg's start of a stream is a guess where its first packets have no decoding time.
        begins = first + original.origin
    rates = original.timecode_rate, parameters.frame_rate, parameters.real_frame_rate
    rate = next((r for r in rates if r is not None and r[0] > 0), None)
    if "timecode" in tags and rate is not None and rate[1] > 0:
        exact = Fraction(*rate)
        label = timecode.moved(tags["timecode"], exact, first + original.origin - begins)
        video.timecode_rate = rate
        if label is not None:
            tags["timecode"] = label
        elif container.is_iso:
            unheld.add("timecode", "video", tags.pop("timecode"))
    elif container.is_iso and "timecode" in tags:
        unheld.add("timecode", "video", tags.pop("timecode"))  # it counts frames
    video.tags = _held_tags(tags, "video", original, container, unheld)
    bits = parameters.disposition & (_WORDS | _DEFAULT)
    others = [each for each in copied if each.kind == "video" and not each.is_cover]
    if not bits & _DEFAULT and not any(each.disposition & _DEFAULT for each in others):
        bits |= _DEFAULT  # else players begin with another one
    video.disposition = _held_dispositions(bits, "video", container, unheld)


def timecode_rate(
    video: VideoStream, container: Container, rate: tuple[int, int] | None
) -> tuple[int, int] | None:
    """Return the frames per second that a stream says, and count its timecode by them."""
    text, before = video.tags.get("timecode"), video.timecode_rate
    if text is None or before is None:
        return rate
    if rate is None:
        # The pictures come as they like; what the timecode counts must be said all the same.
        return before if container.is_iso else None
    again = timecode.counted_anew(text, Fraction(*before), Fraction(*rate))
    if again is not None:
        video.tags["timecode"] = again
    return rate


def label_copied(
    stream: CopiedStream, original: Original, container: Container, unheld: Unheld
) -> None:
    """Leave a copied stream the labels that the container holds."""
    tags = stream_tags(stream.metadata, original._replace(is_encoded=False))
    if stream.kind not in ("attachment", "data"):
        tags = _held_tags(tags, stream.kind, original, container, unheld)
        if not stream.is_cover:
            _held_dispositions(stream.disposition & _WORDS, stream.kind, container, unheld)
    stream.metadata = tags


def is_of_stream(key: str) -> bool:
    """Return whether a tag of a song's stream is one of the stream, not of the song."""
    return key.lower() == "language" or key.lower() in _TECHNICAL


def label_encoded(
    stream: CopiedStream, original: Original, container: Container, unheld: Unheld
) -> tuple[dict[str, str], int]:
    """Return the tags and the disposition of a stream of sound that is encoded, as far as the
    container holds them.
    """
    tags = stream_tags(stream.metadata, original._replace(is_encoded=True))
    tags = _held_tags(tags, stream.kind, original, container, unheld)
    bits = stream.disposition & (_WORDS | _DEFAULT)
    return tags, _held_dispositions(bits, stream.kind, container, unheld)


def label_stream(
    tags: dict[str, str], kind: str, container: Container, unheld: Unheld
) -> dict[str, str]:
    """Return the tags that the container holds of a stream that comes from no file."""
    return _held_tags(tags, kind, Original(StreamParameters.of_nothing()), container, unheld)


def stream_tags(tags: Mapping[str, str], original: Original) -> dict[str, str]:
    """Return the tags of a stream that are still true of it in the output."""
    kept = {}
    for key, value in tags.items():
        name = key.lower()
        if not value or name in _OURS or (name == "language" and value == "und"):
            continue
        if original.is_encoded and name in _OF_ENCODER:
            continue
        if (original.is_encoded or original.is_part) and name.startswith(_COUNTED):
            continue
        # Matroska's are in capitals.
        kept[name if name in ("language", "title", "timecode") else key] = value
    return kept


def _held_tags(
    tags: dict[str, str], kind: str, original: Original, container: Container, unheld: Unheld
) -> dict[str, str]:
    held = {}
    for key, value in tags.items():
        name = key.lower()
        if container.is_ogg and name in original.file_keys and name not in _TECHNICAL:
            unheld.add(name, kind, value)  # one place for both, and the file's goes before
        elif holds.stream_tag(container.name, kind, name, value):
            held[key] = holds.language(container.name, value) if name == "language" else value
        elif name not in _TECHNICAL and not name.startswith(_COUNTED):
            unheld.add(name, kind, value)
    title = tags.get("title")
    if title is not None and container.is_iso:
        # The only name that a track has there, which players show.
        given = held.get("handler_name", "").lower()
        if given in _DEFAULT_HANDLERS:
            held["handler_name"] = title
    return held


def _held_dispositions(bits: int, kind: str, container: Container, unheld: Unheld) -> int:
    held = holds.dispositions(container.name)
    found = dispositions(bits) - {"default"}
    for name in sorted(found - held):
        if _SAME.get(name) not in found & held:
            unheld.add("disposition", kind, name)
    return bits & disposition_bits("default", *held)
