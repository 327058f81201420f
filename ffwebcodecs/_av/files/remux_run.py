"""Packets of one file, read and written into another in one call of the pump, without the GIL.

For as long as all is plain: packets with both their times, which rise, and of which nothing is
damaged or new. What is not plain, and what goes wrong, is left to Python at the point reached, with
all noted that Python would have noted; a packet that is not plain is put back.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from ..._ffi import address_of, avcodec, avutil, ffi
from .. import pump
from ..codecs import packet

if TYPE_CHECKING:
    from ..._ffi._types import AVPacket
    from .demux import DemuxerCore
    from .mux import MuxerCore
    from .written_stream import WrittenStream

# What a call has come to, as `pump/remux.c` numbers it.
PAUSED, _READ_FAILED, _ODD, BEYOND, WROTE, UNWRITABLE, WAITED = range(7)
_DROPPED, _COPIED, _NOT_PLAIN = range(3)
_FAR = 1 << 61
_MICROSECONDS = (1, 1_000_000)
_TIME = 10_000  # microseconds a call, about: signals and progress wait for it
_told: list[Any] = []


class CopiedSpan(NamedTuple):
    """From when on, and until when, a stream is copied, in microseconds; None: all of it."""

    start: int | None = None
    stop: int | None = None


class HeldPictures(NamedTuple):
    """The pictures that are held: the one that waits for the next one, those that wait for it to be
    known which is shown last, and what is known of those before.

    Attributes
    ----------
    packets : list of AVPacket
        The first one is decoded first. Times in microseconds.
    going_on : int
        How many of those behind the first do not wait any more.
    shown : int
        When the last one of them is shown.
    decoded : int
        When the one before them was decoded.
    end, lasting : int
        Of those before: when the last one is shown, and for how long.
    """

    packets: list[AVPacket]
    going_on: int
    shown: int
    decoded: int
    end: int
    lasting: int


class CopiedVideo(NamedTuple):
    """How the video goes into the file.

    Attributes
    ----------
    place : int
        In the output.
    offset : int
        Microseconds that all times are moved by.
    reorders : bool
        Whether pictures may be shown in another order than that of decoding.
    step : int
        Microseconds that one lasts which does not say it.
    span : CopiedSpan
    """

    place: int
    offset: int
    reorders: bool
    step: int
    span: CopiedSpan


class CopiedBatch(NamedTuple):
    """What a call has come to: packets that were read of the video that is copied, and of other
    streams that are.

    Attributes
    ----------
    reached, code, wrote : int
        Why it ended; FFmpeg's code; to which stream of the output the last packet went.
    frames, packets : int
    rows : list of (int, int)
        Stream and time of each, of the video in microseconds, if that is wanted.
    """

    reached: int
    code: int
    wrote: int
    frames: int
    packets: int
    rows: list[tuple[int, int]]


class RemuxRun:
    """Copies plain packets. Not thread-safe: the owners of both files lock.

    Parameters
    ----------
    demuxer : DemuxerCore
    core : MuxerCore
        Begun.
    run : object
        The pump's.
    places : mapping of int to int
        Streams that are copied beside the video, with their index in the output.
    """

    __slots__ = ("_core", "_demuxer", "_places", "_run", "_video")

    def __init__(
        self,
        demuxer: DemuxerCore,
        core: MuxerCore,
        run: Any,
        places: Mapping[int, int],
        video: int | None,
    ) -> None:
        self._demuxer, self._core, self._run = demuxer, core, run
        self._places, self._video = places, video

    def go(self) -> CopiedBatch | None:
        """Copy on; None: that is not to be done in one call."""
        demuxer = self._demuxer
        context, output = demuxer.video_context(), self._core._context
        if context is None or output is None:
            return None
        found = self._run.go(pump.number(context), pump.number(output))
        *said, came, rest = found
        batch = CopiedBatch(*said)
        code = batch.code if batch.reached == _READ_FAILED else 0
        demuxer.has_read_video(came[:3], came[3:], code, None if rest is None else rest.ptr)
        return batch

    def leave(self) -> HeldPictures | None:
        """Let Python go on: note what was written; return the pictures that are held."""
        held, going_on, times, video, tracks = self._run.leave()
        streams = self._core._streams
        if self._video is not None:
            _note(streams[self._video], video)
        for index, place in self._places.items():
            if index < len(tracks):
                _note(streams[place], tracks[index])
        if self._video is None:
            return None
        return HeldPictures([one.ptr for one in held], going_on, *times)


def _note(output: WrittenStream, said: tuple[int, int, int, int, int]) -> None:
    last, lasting, size, written, given = said
    if written != packet.NOPTS:
        output.last_dts = written
    output.given += given
    if size >= 0 and output.check is not None:
        output.check.passed(last, lasting, size)


def begin(
    demuxer: DemuxerCore,
    core: MuxerCore,
    places: Mapping[int, int],
    offset: int,
    span: CopiedSpan,
    video: CopiedVideo | None,
    pictures: HeldPictures | None,
    tells: bool,
) -> RemuxRun | None:
    """Return what copies the next packets, None if they are not plain.

    Parameters
    ----------
    demuxer, core, places
        See `RemuxRun`.
    offset : int
        Microseconds by which all times are moved.
    span : CopiedSpan
        Of the other streams.
    video : CopiedVideo, optional
        None: no video is copied.
    pictures : HeldPictures, optional
        Those that are held; there are some if video is copied. They stay as they are.
    tells : bool
        Whether times are wanted.
    """
    if core.animation is not None or demuxer.video_context() is None or demuxer._upcoming:
        return None
    module = pump.for_files()
    if module is None:
        return None
    tracks = _tracks(core, demuxer, places, offset, span)
    plan = _plan(core, demuxer, video, pictures, tells)
    if tracks is None or plan is None:
        return None
    if not _told:
        # Two threads that do it together do the same.
        pump.tell(module, numbers())
        _told.append(module)
    held = () if pictures is None else tuple(map(pump.number, pictures.packets))
    sparse = core._sparse
    seconds = 0.0 if sparse is None else sparse.let_go
    run = module.RemuxRun(plan, _video_track(core, video), tracks, held, seconds)
    return RemuxRun(demuxer, core, run, places, None if video is None else video.place)


def _plan(
    core: MuxerCore,
    demuxer: DemuxerCore,
    video: CopiedVideo | None,
    pictures: HeldPictures | None,
    tells: bool,
) -> tuple[int, ...] | None:
    info = demuxer.info
    of_pictures = (-_FAR, _FAR, 0, 0, 0, 0, 0, 0)
    if video is not None:
        output = core._streams[video.place]
        if pictures is None or output.filter is not None or output.check is not None:
            return None
        if output.late or abs(video.offset) >= _FAR:
            return None
        (start, stop), known = video.span, pictures
        low, high = -_FAR if start is None else start, _FAR if stop is None else stop
        times = known.shown, known.decoded, known.end, known.lasting
        of_pictures = low, high, int(video.reorders), video.step, *times
    sparse = -1 if core._sparse is None else core._streams.index(core._sparse.stream)
    num, den = info.time_base
    return (
        *(info.index, int(video is not None), max(1, num), max(1, den)),
        *(demuxer._step, demuxer._latest, *of_pictures),
        *(int(core.container.is_iso), int(core.container.allows_equal_times), sparse),
        *(0 if not tells else 1 if video is not None else 2, _TIME),
    )


def _video_track(core: MuxerCore, video: CopiedVideo | None) -> tuple[int, ...]:
    if video is None:
        return (_DROPPED, *[0] * 15)
    output = core._streams[video.place]
    written = packet.NOPTS if output.last_dts is None else output.last_dts
    bases = *_MICROSECONDS, *output.time_base
    return (_COPIED, video.place, *bases, video.offset, *[0] * 8, written)


def _tracks(
    core: MuxerCore,
    demuxer: DemuxerCore,
    places: Mapping[int, int],
    offset: int,
    span: CopiedSpan,
) -> tuple[tuple[int, ...], ...] | None:
    """Return of each stream of the input what `pump/remux.c` wants to know; None: no packet of some
    stream of sound is plain.
    """
    found = []
    for index in range(max(places, default=-1) + 1):
        track = (_DROPPED, *[0] * 15)
        if index in places:
            output = core._streams[places[index]]
            known = None if output.filter is not None else _track(output, offset, span)
            if known is None and output.check is not None and output.check.is_of_sound:
                return None
            track = known or (_NOT_PLAIN, *[0] * 15)
        found.append((track[0], places.get(index, 0), *track[2:]))
    return tuple(found)


def _track(output: WrittenStream, offset: int, span: CopiedSpan) -> tuple[int, ...] | None:
    plain = None if output.check is None else output.check.plain()
    if plain is None:
        return None
    source, target = output.source_time_base, output.time_base
    is_part = span != CopiedSpan()
    if is_part and not (output.check and output.check.is_timed):
        return None  # it may have to be shortened
    moved = avutil.av_rescale_q(offset, _MICROSECONDS, source) if offset else 0
    late = avutil.av_rescale_q(output.late, _MICROSECONDS, target) if output.late else 0
    if max(abs(moved), abs(late)) >= _FAR:
        return None
    start, stop = span
    low = -_FAR if start is None else _ceil(start, source)
    high = _FAR if stop is None else _ceil(stop, source)
    most = _FAR if plain.most is None else min(plain.most, _FAR)
    last = packet.NOPTS if plain.last is None else plain.last
    written = packet.NOPTS if output.last_dts is None else output.last_dts
    bounds = max(low, -_FAR), min(high, _FAR)
    rest = most, last, *plain.but, int(plain.has_headers), written
    return (_COPIED, 0, *source, *target, moved, late, *bounds, *rest)


def _ceil(time: int, base: tuple[int, int]) -> int:
    """Return the first tick whose time, in whole microseconds, is not before this one."""
    return -(-time * base[1] // (base[0] * 1_000_000))


def numbers() -> dict[str, int]:
    """Return what the pump is told."""
    write = address_of("avformat", "av_interleaved_write_frame")
    return {
        "av_interleaved_write_frame": pump.number(write),
        "packet_pos": ffi.offsetof("AVPacket", "pos"),
        "format_io": ffi.offsetof("AVFormatContext", "pb"),
        "io_error": ffi.offsetof("AVIOContext", "error"),
        "flag_corrupt": avcodec.AV_PKT_FLAG_CORRUPT,
        "side_headers": avcodec.AV_PKT_DATA_NEW_EXTRADATA,
    }
