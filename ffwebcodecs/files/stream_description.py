"""StreamDescription: what a file says about one of its streams."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._public import public

if TYPE_CHECKING:
    from dataclasses import dataclass, field
else:
    from .._record import dataclass, field


@public
@dataclass(frozen=True)
class StreamDescription:
    """One stream of a file, as `Demuxer.streams` lists it.

    Attributes
    ----------
    index : int
        Its number in the file, from 0: what `stream=` takes.
    kind : str
        ``"video"``, ``"audio"``, ``"subtitle"``, ``"data"`` or ``"attachment"``; ``"unknown"`` if
        FFmpeg does not know it.
    codec : str
        The WebCodecs codec string of video and audio, ``"ffmpeg:NAME"`` where WebCodecs has none;
        FFmpeg's name for all else, such as ``"subrip"``.
    codec_name : str
        FFmpeg's name of the codec, such as ``"h264"``; ``"none"`` if it knows none.
    language : str or None
        As the file has it, most often of three letters: ``"eng"``.
    title : str or None
    disposition : frozenset of str
        FFmpeg's names: ``"default"``, ``"forced"``, ``"attached_pic"`` ...
    is_cover : bool
        Whether it is a picture of the whole file. A cover is read if `stream=` names it, or if
        there is no other video.
    width, height : int or None
        Of a video's pictures as they are coded, before rotation; None if the file does not say,
        and for all else.
    duration : int or None
        Microseconds, None if the file does not say.
    bit_rate : int or None
        Bits per second, None if the file does not say.
    part_of : int or None
        Index of the stream of whose pictures these are the alpha channel or the depth, as in AVIF
        and HEIF. Such a stream is read if `stream=` names it; its alpha comes with the pictures.
    side_data : tuple of str
        FFmpeg's names of what the file says besides: ``"Display Matrix"``, ``"Stereo 3D"`` ...
    sample_rate : int or None
        Of sound, in hertz; None if the file does not say, and for all else.
    channels : int or None
        Of sound.
    channel_layout : str or None
        FFmpeg's name of where the channels are, such as ``"stereo"`` or ``"5.1(side)"``; None if
        the file does not say.
    duration_is_estimated : bool
        Whether `duration` is no more than the file's size divided by the bit rate.
    tags : dict of str to str
        All that the file says of it in words, with FFmpeg's keys: ``"language"``, ``"title"``; of
        an attachment ``"filename"`` and ``"mimetype"``.
    """

    index: int
    kind: str
    codec: str
    codec_name: str
    language: str | None
    title: str | None
    disposition: frozenset[str]
    is_cover: bool
    width: int | None
    height: int | None
    duration: int | None
    bit_rate: int | None
    part_of: int | None
    side_data: tuple[str, ...]
    sample_rate: int | None = None
    channels: int | None = None
    channel_layout: str | None = None
    duration_is_estimated: bool = False
    tags: dict[str, str] = field(default_factory=dict, hash=False)

    def __repr__(self) -> str:
        size = f" {self.width}x{self.height}" if self.width else ""
        words = [self.language, self.title and repr(self.title), *sorted(self.disposition)]
        said = "".join(f", {word}" for word in words if word)
        return f"<StreamDescription {self.index}: {self.kind} {self.codec}{size}{said}>"
