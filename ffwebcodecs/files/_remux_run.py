"""The packets of `remux` that are plain, copied many at a time, and all others one by one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from .._av.codecs import packet
from .._av.files import remux_run
from .._av.files.remux_run import CopiedBatch, CopiedSpan, CopiedVideo, HeldPictures, RemuxRun
from .._spec.files.timeline import Entry
from ..codecs.encoded_video_chunk import EncodedVideoChunk

if TYPE_CHECKING:
    from .._av.files.mux import MuxerCore
    from .._ffi._types import AVPacket
    from .._spec.codecs.config import VideoDecoderConfig
    from ._cut import Cut, Piece
    from ._held_picture import LastPicture
    from .muxer import Muxer

    # How many pictures and other packets were copied, and stream and time of each that is told.
    Came = Callable[[int, int, list[tuple[int, int]]], None]

_MOST_PASSED = 64  # pieces to go on with one by one where plain ones are rare
_MANY = 256  # pieces that are worth a batch


class RemuxBatches:
    """Stands between the cut and who writes its pieces.

    Parameters
    ----------
    cut : Cut
    muxer : Muxer
    last : LastPicture
    config : VideoDecoderConfig or None
        With which chunks are written; None: no video is copied.
    numbers : mapping of int to int
        The other streams that are copied, with their numbers in the muxer.
    came : callable
        Is told what was copied here.
    tells : bool
        Whether it is told the times.
    """

    __slots__ = (
        *("_came", "_config", "_cut", "_demuxer", "_is_over", "_last", "_muxer", "_numbers"),
        *("_passed", "_pause", "_tells"),
    )

    def __init__(
        self,
        cut: Cut,
        muxer: Muxer,
        last: LastPicture,
        config: VideoDecoderConfig | None,
        numbers: Mapping[int, int],
        came: Came,
        tells: bool,
    ) -> None:
        self._demuxer, self._cut, self._muxer, self._last = cut.demuxer, cut, muxer, last
        self._config, self._numbers = config, numbers
        self._came, self._tells = came, tells
        self._is_over = False
        self._passed, self._pause = 0, 1  # pieces one by one: there were so many, and are to be

    def pieces(self) -> Iterator[Piece]:
        """Yield the pieces that are to be written one by one."""
        is_partial = False
        for index, piece in self._cut.pieces():
            if isinstance(piece, EncodedVideoChunk):
                is_partial = packet.is_corrupt(piece._ptr)
            yield index, piece
            self._passed += 1
            if self._passed >= self._pause and not is_partial and not self._is_over:
                self._copy()

    def _copy(self) -> None:
        """Copy what is plain, as far as that goes."""
        with self._muxer._lock:
            core, run = self._muxer._open_core(), None
            span = self._cut.span()
            if span is not None and core.started and self._muxer._order is None:
                run = self._begin(core, span)
            if run is None:
                return
            self._passed = count = 0
            while True:
                batch = run.go()
                if batch is None or batch.reached != remux_run.PAUSED:
                    break
                count += batch.frames + batch.packets
                self._came(batch.frames, batch.packets, batch.rows)
            self._end(core, run, batch)
        is_worth_it = count >= _MANY
        self._pause = 1 if is_worth_it else min(2 * self._pause, _MOST_PASSED)

    def _begin(self, core: MuxerCore, span: CopiedSpan) -> RemuxRun | None:
        muxer, offset = self._muxer, self._muxer._offset
        if muxer._tracks.sounds or offset is None:
            return None
        first = muxer._has_video
        places = {index: muxer._places[n - first] for index, n in self._numbers.items()}
        video = pictures = None
        if self._config is not None:
            track = muxer._video
            pictures = self._held()
            if pictures is None or track.timeline is None:
                return None
            timeline = track.timeline
            video = CopiedVideo(track.index, offset, timeline.reorders, timeline.step, span)
        return remux_run.begin(
            self._demuxer, core, places, offset, span, video, pictures, self._tells
        )

    def _held(self) -> HeldPictures | None:
        """Return the pictures that are held; None: they are not plain."""
        track, kept = self._muxer._video, self._last.held()
        timeline, end = track.timeline, track.film_end
        if timeline is None or end is None or end.last is None or kept is None or track.ready:
            return None
        entry, decoded = timeline.alone, timeline.last_dts
        if entry is None or decoded is None:
            return None
        chunk, alpha = _item(entry)
        chunks, shown = kept
        if alpha is not None or entry.dts != packet.said_by(chunk._ptr)[1]:
            return None
        latest, before = packet.NOPTS, decoded
        for one in (chunk, *chunks):
            pts, dts, duration, flags, _ = packet.said_by(one._ptr)
            is_key = bool(flags & packet.KEY)
            if (pts, duration or None, is_key) != (one.timestamp, one.duration, one.type == "key"):
                return None
            if packet.NOPTS in (pts, dts) or dts <= latest or min(pts, dts) <= before:
                return None
            latest, before = dts, min(pts, dts)
        ptrs = [one._ptr for one in (chunk, *chunks)]
        return HeldPictures(ptrs, 0, shown, decoded, *end.last)

    def _end(self, core: MuxerCore, run: RemuxRun, batch: CopiedBatch | None) -> None:
        """Let Python go on where the batches have come to."""
        muxer, found = self._muxer, run.leave()
        going_on = [] if found is None else self._follow(found, batch)
        if batch is None:
            return
        reached, rows, video = batch.reached, batch.rows, muxer._video
        self._is_over = reached == remux_run.BEYOND
        is_written = reached in (remux_run.WROTE, remux_run.WAITED)
        # The last packet that was read is the one that went no further.
        is_own = self._config is None or batch.wrote == video.index
        late = int(bool(rows) and (reached == remux_run.UNWRITABLE or (is_written and is_own)))
        late_frames = late if self._config is not None else 0
        self._came(batch.frames - late_frames, batch.packets, rows[: len(rows) - late])
        if is_written:
            muxer._guarded(muxer._or_refused, core.has_written, batch.wrote, batch.code)
        elif reached == remux_run.UNWRITABLE:
            muxer._guarded(muxer._advance, core)
        for chunk in going_on:
            muxer.add_chunk(chunk, self._config)
        if late:
            self._came(late_frames, 0, rows[-1:])

    def _follow(self, found: HeldPictures, batch: CopiedBatch | None) -> list[EncodedVideoChunk]:
        """Give the pictures that are held to who holds them; return those that go on."""
        video = self._muxer._video
        timeline, end = video.timeline, video.film_end
        assert timeline is not None
        assert end is not None
        chunks = [_chunk(ptr) for ptr in found.packets]
        going_on = found.going_on
        if batch is not None and batch.reached == remux_run.UNWRITABLE:
            video._append(_entry(chunks.pop(0)))
            going_on -= 1
        timeline.follow(_entry(chunks[0]), found.decoded)
        end.follow(found.end, found.lasting)
        self._last.follow(chunks[1 + going_on :], found.shown)
        return chunks[1 : 1 + going_on]


def _item(entry: Entry) -> tuple[EncodedVideoChunk, bytes | None]:
    item: Any = entry.item
    chunk, alpha = item
    return chunk, alpha


def _chunk(ptr: AVPacket) -> EncodedVideoChunk:
    pts, _, duration, flags, _ = packet.said_by(ptr)
    return EncodedVideoChunk._from_native(ptr, bool(flags & packet.KEY), pts, duration or None)


def _entry(chunk: EncodedVideoChunk) -> Entry:
    _, dts, duration, _, _ = packet.said_by(chunk._ptr)
    return Entry((chunk, None), chunk.timestamp, dts, duration or None)
