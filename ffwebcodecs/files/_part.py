"""A part of a conversion that another process, or another machine, does; and what becomes of it.

A part is a range of the film's frames that begins with a key frame. A worker decodes and encodes
it, and returns chunks; who asked for it writes those of all parts in order. Everything here is
plain values that can be pickled.
"""

from __future__ import annotations

from array import array
from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from .._av.files.opening import Opening
    from .._spec.codecs.config import VideoDecoderConfig
    from .._spec.files.packet_table import PacketTable
    from ._encoding_options import EncodingOptions
    from ._source_digest import SourceDigest
    from ._work import MapFrame

    Int64 = npt.NDArray[np.int64]


class WholeJob(NamedTuple):
    """What all parts of a conversion have alike.

    Attributes
    ----------
    source : str
        A path or URL.
    digest : SourceDigest
        Of it; a worker whose file is another one refuses.
    opening : Opening
    encoding : EncodingOptions
    map_frame : callable or None
    deinterlace : bool or None
    strict : bool
        Whether a file that ends early is an error.
    careful : bool
        Whether damage that a decoder would conceal is one.
    container : (str or None, str or None, bool, bool)
        The path of the output, of which only the suffix counts here, `format`, `several_files` and
        `fragmented` of `transcode`.
    origin, zero : int
        0 of the film and of the output, in microseconds of the file.
    stop : int or None
        Where what is wanted of the film ends.
    rate : float or None
        Frames per second that the input states.
    side_data : mapping of str to bytes
        What container and first picture say of all pictures.
    shortfalls : (str or None, str or None)
        What the file lacks at its end, and what if its last packet is not whole.
    """

    source: str
    digest: SourceDigest
    opening: Opening
    encoding: EncodingOptions
    map_frame: MapFrame | None
    deinterlace: bool | None
    strict: bool
    careful: bool
    container: tuple[str | None, str | None, bool, bool]
    origin: int
    zero: int
    stop: int | None
    rate: float | None
    side_data: Mapping[str, bytes]
    shortfalls: tuple[str | None, str | None]


class Part(NamedTuple):
    """A range of frames, and what it takes to decode and to encode it.

    Attributes
    ----------
    number, total : int
        Which one it is, from 0 on, of how many.
    times, durations : int64 array
        When its frames are shown, and for how long, in microseconds of the file.
    start, stop : int or None
        It has what is shown from then on, and before then; None: from the beginning, to the end.
    table : PacketTable
        The packets around it.
    offset : int
        How many packets of the file come before the table.
    first_packet, stop_packet : int
        The packets that have to be decoded, by their place in the table.
    film_begin : int
        When the first frame of all is shown.
    end : int
        When the next part begins, or the last frame of all ends.
    job : WholeJob
    """

    number: int
    total: int
    times: Int64
    durations: Int64
    start: int | None
    stop: int | None
    table: PacketTable
    offset: int
    first_packet: int
    stop_packet: int
    film_begin: int
    end: int
    job: WholeJob

    @property
    def is_last(self) -> bool:
        """Whether no part comes after it."""
        return self.number == self.total - 1

    def __str__(self) -> str:
        begin, end = (
            (time - self.job.origin) / 1_000_000 for time in (int(self.times[0]), self.end)
        )
        return f"part {self.number + 1} of {self.total}, from {begin:.3f} to {end:.3f} s"


class PartResult(NamedTuple):
    """What became of a part.

    Attributes
    ----------
    number : int
        Of the part.
    frames_read, frames_written : int
    times : array of int
        Those that frames were given, in their order, before any was made later than another.
    data : bytes
        That of all chunks, one after the other, in the order of decoding.
    sizes, timestamps, decoding_times, durations : array of int
        Of each chunk; times are microseconds of the output, -1 is a duration that is unknown.
    keys : bytes
        For each chunk, whether it is a key chunk.
    alpha : mapping of int to bytes
        The coded alpha channel of chunks, by their place.
    config : VideoDecoderConfig or None
        Of the chunks; None if there are none.
    delay : int
        By how many pictures the encoder reorders them, as it says.
    sets : tuple of bytes
        The parameter sets that say how all chunks are to be decoded.
    setup : mapping of str to object
        What was decided by the first frame, and has to be the same in all parts.
    codec, encoder : str or None
        The codec string, and FFmpeg's name of the encoder.
    encoded_rate : float
        Frames per second that the encoder was told.
    is_moved, says_light : bool
        Of `Original`.
    lost : list of (str, str, str)
        What `Losses.add` was told.
    warnings : list of str
        Others.
    shortfall : str or None
        What the file lacks at its end, if that was reached.
    """

    number: int
    frames_read: int
    frames_written: int
    times: array[int]
    data: bytes
    sizes: array[int]
    timestamps: array[int]
    decoding_times: array[int]
    durations: array[int]
    keys: bytes
    alpha: Mapping[int, bytes]
    config: VideoDecoderConfig | None
    delay: int
    sets: tuple[bytes, ...]
    setup: Mapping[str, object]
    codec: str | None
    encoder: str | None
    encoded_rate: float
    is_moved: bool
    says_light: bool
    lost: list[tuple[str, str, str]]
    warnings: list[str]
    shortfall: str | None
