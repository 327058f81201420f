"""One run of `transcode` whose pictures others decode and encode, a part each.

All else is done here, once: sound, subtitles, labels, and the file itself. The other streams are
read as far as the parts that have come.
"""

from __future__ import annotations

import os
import pickle
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from math import inf
from typing import TYPE_CHECKING, Any

from .._av.files.demux import DemuxerCore
from .._runtime.process_pool import require_sendable
from .._spec.encoders.options import names_rate
from .._spec.files.packet_table import CORRUPT, PacketTable
from .._spec.numbers import show, to_flag, to_real
from .._spec.texts import is_path, to_path
from ..errors import EncodingError, InvalidArgumentError
from ._clock import FilmClock
from ._conversion import late_streams
from ._damage import Damage
from ._even_times import counts_pictures
from ._events import FileEvents, read_behind
from ._joined_parts import JoinedChunk, JoinedParts
from ._losses import saying_once, warn
from ._original import PictureData, all_of
from ._other_streams import CopiedPacket, OtherStreams
from ._output_options import output_file
from ._part import Part, PartResult, WholeJob
from ._part_edges import PartEdges, ScannedFile, scan_file
from ._part_frames import PartFrames
from ._parts import run_part
from ._parts_running import GrowingProgress, PartsProgress, opened, parse_executor, run_in_order
from ._reading import packets_of
from ._transcoding import Transcoding
from ._work import Work
from .transcode_result import TranscodeResult

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from .._spec.codecs.encoder_config import VideoEncoderConfig
    from ._losses import Losses
    from .muxer import Muxer

# Their encoders write what has changed since the picture before, and what the whole file says.
_WHOLE = frozenset({"gif", "apng", "webp", "libwebp", "libwebp_anim", "avif"})
_CONTEXT = 2  # frames beside a part that deinterlacing looks at


class PartsTranscoding(Transcoding):
    """A conversion whose parts are worked on elsewhere; as `ConversionRun`."""

    def __init__(self, input: Any, output: Any, given: Mapping[str, Any]) -> None:
        executor = parse_executor(given["executor"])
        assert executor is not None
        self._executor: Executor | int = executor
        seconds = to_real(given["part_seconds"], "part_seconds")
        if not 0 < seconds < 1e9:
            raise InvalidArgumentError(
                f"part_seconds is {show(seconds)}, it must be more than 0 and in seconds"
            )
        self._part_seconds = float(seconds)
        self._source = _source_of(input)
        hear = given["on_progress"]
        if callable(hear):
            given = {**given, "on_progress": GrowingProgress(hear)}
        super().__init__(input, output, given)
        encoding = self._encoding
        named = "bitrate" if encoding.bitrate else names_rate(encoding.encoder_options or {})
        if not to_flag(given["split_bitrate"], "split_bitrate") and named is not None:
            raise InvalidArgumentError(
                f"{named} is for a whole film, and each part would spend as much on what is easy "
                "as on what is hard: quantizer, or the encoder's usual quality, is the same in "
                "parts; split_bitrate=True gives each part this bitrate"
            )
        self._is_divided = False
        self._encoding = replace(encoding, threads=encoding.threads or 1)
        require_picklable(given["map_frame"], executor)

    def _run(self, demuxer: DemuxerCore) -> TranscodeResult:
        with saying_once():
            try:
                return super()._run(demuxer)
            except EncodingError:
                if not self._damage.skips or not self._is_divided:
                    raise
            # What is skipped, and what is concealed of what, depends on all that was decoded
            # before.
            return Transcoding(self._input, self._output, self._given).run()

    def _open(self, demuxer: DemuxerCore) -> FileEvents:
        options = self._options
        clock = FilmClock(demuxer, options.start, options.stop, options.keep_start)
        given, skips = self._given, self._damage.skips
        keeps = given["fragmented"] or given["several_files"] or not given["atomic"]
        # Where damage is skipped, it may have to be begun anew.
        if self._is_whole() or (skips and keeps):
            return super()._open(demuxer)
        scanned = scan_file(self._source, self._opening)
        context = _CONTEXT if self._deinterlace else 0
        plan = PartEdges(scanned.table, clock.start, clock.stop, self._part_seconds, context)
        if len(plan.edges) < 3 or (self._encoding.framerate and plan.begins_twice):
            return super()._open(demuxer)
        if skips and _says_damage(scanned.table):
            return super()._open(demuxer)
        self._damage.shown = demuxer.shown
        self._is_divided = True
        return PartEvents(demuxer, clock, self._losses, plan, scanned)

    def _is_whole(self) -> bool:
        path = output_file(self._output, self._given).path
        suffix = os.path.splitext(path or "")[1].lower().lstrip(".")
        return bool({self._encoding.codec_name, suffix, self._given["format"]} & _WHOLE)

    def _work(self, events: FileEvents, muxer: Muxer, *others: Any) -> Work:
        work = super()._work(events, muxer, *others)
        if isinstance(events, PartEvents):
            work.__class__ = PartsWork
            assert isinstance(work, PartsWork)
            work.writer.close()
            work.written = work.writer = WrittenParts()  # type: ignore[assignment]
        return work

    def _convert(self, events: FileEvents, work: Work) -> None:
        if not isinstance(events, PartEvents):
            super()._convert(events, work)
            return
        assert isinstance(work, PartsWork)
        job = self._job(events, work)
        progress = PartsProgress(work.on_progress, work.duration)
        work.on_progress = None
        joined = JoinedParts(counts_pictures(work._muxer._container.name))
        parts = events.plan.parts(job)
        with (
            opened(self._executor) as executor,
            closing(run_in_order(executor, run_part, parts, hear=progress.told)) as results,
        ):
            chunks = self._chunks(results, events.plan, joined, work, progress)
            for event in events.beside(chunks):
                work.take(event)
        if joined.even is not None:
            joined.even.tell(work._muxer._container.name, self._losses)

    def _chunks(
        self,
        results: Iterator[PartResult],
        plan: PartEdges,
        joined: JoinedParts,
        work: PartsWork,
        progress: PartsProgress,
    ) -> Iterator[JoinedChunk]:
        said: set[str] = set()
        for result in results:
            name = f"part {result.number + 1} of {len(plan.edges) - 1}"
            for lost in result.lost:
                self._losses.add(*lost)
            self._losses.check()
            for message in result.warnings:
                if message not in said:
                    said.add(message)
                    warn(message)
            self._damage.shortfall = self._damage.shortfall or result.shortfall
            is_first = joined.first is None and result.frames_written
            chunks = joined.push(result, name)
            if is_first:
                work.begin(result)
            work.written.add(result)
            work.frames_read += result.frames_read
            if result.timestamps:
                progress.told(result.number, (result.frames_written, max(result.timestamps)))
            del result
            yield from chunks
        yield from joined.finish()

    def _job(self, events: PartEvents, work: PartsWork) -> WholeJob:
        clock, demuxer, given = events.clock, events.demuxer, self._given
        path = output_file(self._output, given).path
        fragmented, several = bool(given["fragmented"]), bool(given["several_files"])
        options, scanned = self._options, events.scanned
        job = WholeJob(
            source=self._source,
            digest=scanned.digest,
            opening=self._opening,
            encoding=self._encoding,
            map_frame=given["map_frame"],
            deinterlace=self._deinterlace,
            strict=options.strict,
            careful=options.strict or self._damage.skips,
            container=(path, given["format"], several, fragmented),
            origin=clock.origin,
            zero=clock.zero,
            stop=clock.stop,
            rate=demuxer.info.rate or events.plan.first_rate,
            side_data={},
            shortfalls=scanned.shortfalls,
        )
        pictures = _first_pictures(next(events.plan.parts(job)))
        original = work._muxer._original
        assert original is not None
        work._muxer._original = original._replace(pictures=pictures)
        return job._replace(side_data=all_of(original.parameters.side_data, pictures))


class PartEvents(FileEvents):
    """What of a file is not left to others: the packets of other streams than the video.

    Parameters
    ----------
    demuxer : DemuxerCore
        Taken.
    clock : FilmClock
    losses : Losses
    plan : PartEdges
    scanned : ScannedFile
    """

    def __init__(
        self,
        demuxer: DemuxerCore,
        clock: FilmClock,
        losses: Losses,
        plan: PartEdges,
        scanned: ScannedFile,
    ) -> None:
        self.demuxer = demuxer
        self.others = OtherStreams(demuxer, clock)
        self.late: list[str] = []
        self.last: tuple[int | None, int] = None, 0
        self.subtitles = True
        self.clock = clock
        self.plan = plan
        self.scanned = scanned
        self._losses = losses
        self._packets = packets_of(demuxer, clock.start, self.others.add)

    def beside(self, chunks: Iterator[JoinedChunk]) -> Iterator[JoinedChunk | CopiedPacket]:
        """Yield chunks, and before each the packets that come before it in the file."""
        others, packets, zero = self.others, self._packets, self.clock.zero
        reached: float = -inf
        others.look_back()
        for chunk in chunks:
            while others.is_wanted and reached < chunk.chunk.timestamp + zero:
                found = next(packets, None)
                reached = inf if found is None else max(reached, found[1])
                yield from others.take()
            yield chunk
        if self.clock.stop is None:
            if self.demuxer.copies:
                for _ in packets:
                    yield from others.take()
        elif others.is_wanted:
            read_behind(packets, self.clock.stop, others)
        yield from others.take()
        self.late = late_streams(self.demuxer, self._losses, self.subtitles)

    def close(self) -> None:
        """Close the file; twice is fine."""
        self.others.close()
        self._packets.close()
        self.demuxer.close()


class WrittenParts:
    """What was written, where `Work` has who writes it."""

    def __init__(self) -> None:
        self.frames = 0
        self.encoder_name: str | None = None
        self.config: VideoEncoderConfig | None = None

    def add(self, result: PartResult) -> None:
        """Count what became of a part."""
        self.frames += result.frames_written
        self.encoder_name = self.encoder_name or result.encoder
        configuration: Any = result.setup.get("configuration")
        self.config = self.config or configuration

    def finish(self) -> None:
        pass

    def close(self) -> None:
        pass


class PartsWork(Work):
    """What is done with what comes of parts."""

    written: WrittenParts

    def begin(self, result: PartResult) -> None:
        """Note what the first frame has decided."""
        original = self._muxer._original
        if original is not None:
            self._muxer._original = original._replace(
                is_moved=result.is_moved, says_light=result.says_light
            )

    def take(self, event: Any) -> None:
        """Write a chunk, or sound, or copy a packet."""
        if not isinstance(event, JoinedChunk):
            super().take(event)
            return
        chunk = event.chunk
        self._latest = max(chunk.timestamp, self._latest or 0)
        for sound in self._sounds.values():
            self._add_sound(sound, sound.keep_up(self._latest))
        self._muxer.add_chunk(chunk, event.metadata)


def _says_damage(table: PacketTable) -> bool:
    """Return whether it is known already that something has to be skipped: what the container says
    is damaged, and what comes before the first key packet.
    """
    return bool((table.flags & CORRUPT).any() or (len(table.keys) and table.keys[0]))


def require_picklable(function: Callable[..., Any] | None, executor: object) -> None:
    """Raise InvalidArgumentError if `map_frame` cannot be sent to the workers of an executor."""
    from concurrent.futures import ThreadPoolExecutor

    if function is None or isinstance(executor, ThreadPoolExecutor):
        return
    try:
        if isinstance(executor, int):
            require_sendable(function)
        else:
            pickle.dumps(function)
        return
    except InvalidArgumentError:
        raise
    except Exception as error:
        reason = f"{error}"
    # Dask and loky send functions by value.
    other = sys.modules.get("cloudpickle")
    makers = {each.__module__.partition(".")[0] for each in type(executor).__mro__}
    by_value = makers & {"distributed", "loky", "joblib"}
    if other is not None and by_value:
        try:
            other.dumps(function)
            return
        except Exception as error:
            reason = f"{error}"
    raise InvalidArgumentError(
        f"map_frame has to go to other processes, and cannot be pickled ({reason}): give a "
        "function of a module, or functools.partial of one; Dask sends others too, with cloudpickle"
    )


def _source_of(input: Any) -> str:
    """Return the input's name; raise InvalidArgumentError if others cannot open it."""
    if not is_path(input):
        raise InvalidArgumentError(
            f"with an executor, workers open the input themselves: give its path or URL, got "
            f"{show(input)}"
        )
    name = to_path(input)
    is_pipe = name == "-" or name.startswith("pipe:")
    is_other = "://" not in name and os.path.exists(name) and not os.path.isfile(name)
    if is_pipe or (is_other and not os.path.isdir(name)):  # of a folder, who opens it says so
        raise InvalidArgumentError(
            f"with an executor, the input is opened by each worker, and {name} can be read only "
            "once: give a file"
        )
    # Workers may stand in other folders.
    return os.path.abspath(name) if os.path.isfile(name) else name


def _first_pictures(part: Part) -> PictureData | None:
    """Return what the first frame of all says."""
    job = part.job
    frames = PartFrames(
        part,
        Damage(),
        threads=1,
        hardware_acceleration=job.encoding.hardware_acceleration,
        deinterlace=False,
    )
    try:
        for frame in frames:
            with frame:
                return PictureData.of(frame._open_picture())
        return None
    finally:
        frames.close()
