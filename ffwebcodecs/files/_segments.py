"""What is written as it is made, fragment by fragment, and who gets it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from .._av.files import live
from .._av.files.containers import Container
from .._av.files.mux import MuxerCore
from .._av.files.streams import CopiedStream
from .._av.files.target import OutputFile
from .._spec.codecs.audio_strings import audio_codec_string
from .._spec.files.fragments import length_of_index, mime_type
from .._spec.numbers import show, to_real
from ..errors import InvalidArgumentError, InvalidStateError
from ._refused_packets import RefusedPackets
from ._tracks import Tracks
from ._video_track import VideoTrack
from .segment_info import SegmentInfo

OnSegment = Callable[[bytes, SegmentInfo], object]
_LONGEST = 3600  # seconds


class Segments:
    """Gives the fragments of a file to its destination, and to a function.

    Nobody is called while libavformat works, so what is raised passes as it is; whoever is called
    must not call the muxer.

    Parameters
    ----------
    target : OutputFile
    on_segment : callable, optional
    shown : str
        The file as the user knows it.

    Attributes
    ----------
    is_giving : bool
        Whether one of them is being called.
    mime_type : str
        Of the file, once that is known.
    """

    __slots__ = (
        *(
            "_begins",
            "_film",
            "_film_end",
            "_has_begun",
            "_index",
            "_first",
            "_is_key",
            "_moved",
            "_on_segment",
            "_shown",
            "_sound",
        ),
        *("_target", "_until", "is_giving", "mime_type"),
    )

    def __init__(self, target: OutputFile, on_segment: OnSegment | None, shown: str) -> None:
        self._target = target
        self._on_segment = on_segment
        self._shown = shown
        self._has_begun = False  # the init segment was given
        self._index = 0
        self._film: tuple[int, int] | None = None  # from when to when, in this fragment
        self._sound: tuple[int, int] | None = None
        self._film_end = 0
        self._begins: int | None = None  # when this fragment does, if that was said
        self._until: int | None = None  # when the next fragment begins
        self._is_key = False
        self._first = 0  # when the first packet is written, 0 if that is later
        self._moved: int | None = None  # microseconds, once the first fragment is given
        self.is_giving = False
        self.mime_type = ""

    def note_picture(self, start: int, stop: int, is_key: bool) -> None:
        """Note a picture that is written; times in microseconds of the file. What is not a key
        frame starts when as many pictures are shown as are decoded.
        """
        if self._film is None:
            self._is_key = is_key
            self._film = start, self._film_end
        self._film_end = max(self._film_end, stop)
        self._film = min(self._film[0], start), self._film_end

    def note_sound(self, start: int, stop: int, *, is_delayed: bool) -> None:
        """Note a packet of sound that is written; `is_delayed`: later, as a field of the file
        says, than it is heard.
        """
        if not is_delayed:
            self._first = min(self._first, start)
        self._sound = _both(self._sound, start, stop)

    def begin(self, core: MuxerCore) -> None:
        """Give the init segment, once the header is written. That of MP4 waits for the first
        fragment.
        """
        if not live.ends_apart(core.container):
            self._give_init(core, core.gathered())
        live.begin_fragment(core, is_first=True)

    def cut(self, core: MuxerCore, refused: RefusedPackets | None, until: int | None) -> None:
        """End the fragment with what was written, and give it; the next one begins at a time, None:
        where this ends.
        """
        self._until = until
        self._give_media(core, self._ended(core, refused))
        live.begin_fragment(core)

    def finish(self, core: MuxerCore, refused: RefusedPackets | None) -> None:
        """End the last fragment and the file."""
        if live.ends_apart(core.container):
            self._give_media(core, self._ended(core, refused))
            core.finish()
            rest = core.gathered()
            if rest:
                self._give(core, rest, None)
        else:  # what marks the end is in the last packet's page or cluster
            self._write_waiting(core, refused)
            core.finish()
            self._give_media(core, core.gathered())

    @staticmethod
    def _write_waiting(core: MuxerCore, refused: RefusedPackets | None) -> None:
        while refused is not None and not refused.catch(core.write_waiting):
            pass

    def _ended(self, core: MuxerCore, refused: RefusedPackets | None) -> bytes:
        self._write_waiting(core, refused)
        data = core.end_fragment()
        if not self._has_begun:
            # What came was the index alone, which has waited for the first packets.
            data += core.end_fragment()
            size = length_of_index(data)
            self._give_init(core, data[:size])
            data = data[size:]
        return data

    def _give_init(self, core: MuxerCore, data: bytes) -> None:
        self._has_begun = True
        self._give(core, data, SegmentInfo("init", 0, 0, 0, False, len(data), self.mime_type))

    def _give_media(self, core: MuxerCore, data: bytes) -> None:
        if not data:
            return
        start, stop = self._film or self._sound or (0, 0)
        if self._begins is not None:
            start = max(start, self._begins)  # what came too late for the one before is no start
        if self._until is not None:
            # A picture that is late begins the next one when this one's sound is over.
            late = self._sound[1] if self._sound is not None else start
            self._until = self._until if self._until >= start else max(start, late)
            stop = self._until
        self._begins = self._until
        if self._moved is None:
            # libavformat moves all packets, so that none lies before 0.
            self._moved = 0 if core.container.holds_negative_times else -self._first
        start, stop = start + self._moved, stop + self._moved
        start = max(start, 0)  # what a decoder needs before the first sound is not heard
        is_key = self._film is None or self._is_key
        self._film = self._sound = self._until = None
        self._index += 1
        lasting = max(0, stop - start)
        self._give(
            core,
            data,
            SegmentInfo("media", self._index, start, lasting, is_key, len(data), self.mime_type),
        )

    def _give(self, core: MuxerCore, data: bytes, info: SegmentInfo | None) -> None:
        if core.stopped:
            raise InvalidStateError(f"cannot write {self._shown}: it was closed meanwhile")
        try:
            self.is_giving = True
            if data:
                self._target.write(data)
            if self._on_segment is not None and info is not None:
                self._on_segment(data, info)
        finally:
            self.is_giving = False

    def require_outside(self) -> None:
        """Raise InvalidStateError if one of those who are called calls the muxer."""
        if self.is_giving:
            raise InvalidStateError(
                f"the muxer of {self._shown} is giving a fragment away: what takes it must not use "
                "the same muxer"
            )


def _both(span: tuple[int, int] | None, start: int, stop: int) -> tuple[int, int]:
    return (start, stop) if span is None else (min(span[0], start), max(span[1], stop))


def parse_duration(value: Any) -> int | None:
    """Return a `fragment_duration` in microseconds."""
    if value is None:
        return None
    seconds = to_real(value, "fragment_duration")
    if not 0 < seconds <= _LONGEST:
        raise InvalidArgumentError(
            f"fragment_duration is {show(value)}, it must be more than 0 seconds, and {_LONGEST} "
            "at most"
        )
    return max(1, round(seconds * 1_000_000))


def check_arguments(
    destination: Any, fragmented: bool, fragment_duration: Any, on_segment: Any
) -> None:
    """Raise InvalidArgumentError for what makes no sense together."""
    if on_segment is not None and not callable(on_segment):
        raise InvalidArgumentError(f"on_segment must be a function, got {show(on_segment)}")
    for name, value in (("fragment_duration", fragment_duration), ("on_segment", on_segment)):
        if value is not None and not fragmented:
            raise InvalidArgumentError(f"{name} needs fragmented=True")
    if destination is None and on_segment is None:
        raise InvalidArgumentError(
            "expected a path or a writable binary file object, or on_segment with "
            "fragmented=True, got NoneType"
        )


def type_of(
    container: Container, video: VideoTrack, tracks: Tracks, copied: Sequence[CopiedStream]
) -> str:
    """Return the MIME type of a file with its codecs."""
    codecs = [] if video.config is None else [video.config.codec]
    codecs += [track.codec_string for track in tracks.sounds.values()]
    has_video = bool(codecs) and video.config is not None
    for stream in copied:
        if stream.kind == "audio":
            codecs.append(audio_codec_string(stream.codec, *stream.header))
        elif stream.kind == "video" and not stream.is_cover:
            has_video = True
            codecs.append(f"ffmpeg:{stream.codec}")
    return mime_type(live.mime_type(container, has_video), codecs)
