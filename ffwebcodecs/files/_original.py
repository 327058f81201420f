"""What an output's video comes from: a stream of a file, pictures of it, or pictures of no file."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from .._av.codecs.parameters import StreamParameters
from .._av.files import side_data
from .._av.frames import side_data as of_frames

if TYPE_CHECKING:
    from .._av.files.demux import DemuxerCore
    from .._av.frames.picture import Picture


class PictureData(NamedTuple):
    """What the first picture says: of all of them by FFmpeg's names, and in words of itself."""

    whole: dict[str, bytes]
    own: list[str]

    @classmethod
    def of(cls, picture: Picture) -> PictureData:
        """Read it; the picture stays whose it is."""
        return cls(*of_frames.read(picture.ptr))


def all_of(
    entries: tuple[side_data.SideData, ...], pictures: PictureData | None
) -> dict[str, bytes]:
    """Return side data by name: what the container says goes before what the pictures say."""
    found = {} if pictures is None else dict(pictures.whole)
    found.update((side_data.name_of(kind), data) for kind, data in entries)
    return found


class Original(NamedTuple):
    """The stream that an output's video comes from.

    Attributes
    ----------
    parameters : StreamParameters
    origin : int
        Its time, in microseconds, that is 0 on the clock of the chunks.
    is_encoded : bool
        Whether it was decoded and encoded, and not copied.
    is_part : bool
        Whether the output holds a part of it only.
    pictures : PictureData or None
        What the first picture says, if it was decoded.
    says_light : bool
        Whether the encoder has written mastering display and light level into the bitstream.
    is_moved : bool
        Whether the pixels of its pictures were turned, or a part of them cut out.
    display_matrix : tuple of int, or None
        How the container turns it, to the fraction of a degree.
    timecode_rate : (int, int) or None
        Pictures per second that the timecode counts, where a track of its own says it: the mean of
        uneven times is no such rate.
    file_keys : frozenset of str
        The tags of the whole file, in small letters.
    """

    parameters: StreamParameters
    origin: int = 0
    is_encoded: bool = False
    is_part: bool = False
    pictures: PictureData | None = None
    says_light: bool = False
    is_moved: bool = False
    display_matrix: tuple[int, ...] | None = None
    timecode_rate: tuple[int, int] | None = None
    file_keys: frozenset[str] = frozenset()

    @classmethod
    def of_pictures(cls, pictures: PictureData) -> Original:
        """Return what comes from no file: of each picture only what it says of all."""
        return cls(StreamParameters.of_nothing(), 0, True, pictures=pictures._replace(own=[]))

    @property
    def side_data(self) -> dict[str, bytes]:
        """By FFmpeg's names; what the container says goes before what the pictures say."""
        return all_of(self.parameters.side_data, self.pictures)


def original_of(
    demuxer: DemuxerCore, origin: int = 0, *, is_encoded: bool = False, is_part: bool = False
) -> Original:
    """Return what a conversion's video comes from.

    A timecode of the whole file, as MXF and AVI have it, is that of its video.
    """
    parameters = demuxer.info.parameters
    tags = {"timecode": demuxer.tags.get("timecode", ""), **dict(parameters.tags)}
    parameters = parameters._replace(tags=tuple(tags.items()))
    matrix = demuxer.info.display_matrix
    counted = next((one.timecode_rate for one in demuxer.others if one.is_timecode), None)
    keys = frozenset(key.lower() for key in demuxer.tags)
    made = Original(parameters, origin, is_encoded, is_part, display_matrix=matrix)
    return made._replace(timecode_rate=counted, file_keys=keys)
