"""What a worker does with a part: it decodes, maps and encodes its frames."""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING, Any, cast

from .._runtime.telling import tell
from .._spec.codecs.parameter_sets import sets_of
from .._spec.codecs.strings import parse_codec
from ..errors import EncodingError, WebCodecsError
from ._damage import Damage
from ._fields import Fields
from ._held_picture import ending_at
from ._losses import collecting
from ._part import Part, PartResult
from ._part_frames import PartFrames
from ._part_writer import NotedLosses, PartOutput, PartWriter
from ._work import Work

if TYPE_CHECKING:
    from .._av.files.demux import DemuxerCore


class PartWork:
    """A part that is being worked on."""

    def __init__(self, part: Part) -> None:
        self._part = part
        self._warnings: list[str] = []
        self._losses = NotedLosses()
        self._damage = PartDamage(part)
        self._output = PartOutput(part, self._losses)
        self._writer = PartWriter(self._output, part)

    def run(self) -> PartResult:
        """Do it; raises what `run_part` says."""
        part = self._part
        try:
            with collecting(self._warnings):
                work = self._convert()
            return self._result(work)
        except WebCodecsError as error:
            error.args = (f"{part}: {error}", *error.args[1:])
            raise
        except Exception as error:
            note: Any = getattr(error, "add_note", None)  # of Python 3.11
            if note is not None:
                note(f"in {part}")
            raise
        finally:
            self._writer.close()

    def _convert(self) -> Work:
        part, job = self._part, self._part.job
        output: Any = self._output  # all that `Work` does with a muxer of which it copies nothing
        work = Work(output, job.encoding, job.rate, job.map_frame, job.zero - job.origin)
        work.writer = writer = self._writer
        frames = PartFrames(
            part,
            self._damage,
            threads=job.encoding.threads or 1,
            hardware_acceleration=job.encoding.hardware_acceleration,
            deinterlace=bool(job.deinterlace),
        )
        try:
            work.fields = Fields(
                self._losses, frames.shown, job.deinterlace, job.encoding.encoder_options
            )
            work.on_progress = lambda progress: tell((progress.frames, progress.timestamp))
            timestamp, stated = 0, None
            for frame in frames:
                timestamp, stated = frame.timestamp, frame.duration
                work.take(frame)
                del frame
            if part.is_last and work.frames_read:
                lasting = ending_at(job.stop, frames.held)
                work.hold(stated, lasting(timestamp + job.origin, stated or 0))
            writer.finish()
        finally:
            frames.close()
        return work

    def _result(self, work: Work) -> PartResult:
        output, writer, job = self._output, self._writer, self._part.job
        config, encoding = output.config, writer.config
        sets: tuple[bytes, ...] = ()
        if config is not None:
            description = cast("bytes | None", config.description)
            sets = sets_of(parse_codec(config.codec), description, output.data[0])
        elif output.data:
            raise EncodingError(f"{writer.encoder_name} says nothing of what it encodes")
        is_moved = writer.turns or job.encoding.crop is not None
        return PartResult(
            number=self._part.number,
            frames_read=work.frames_read,
            frames_written=writer.frames,
            times=writer.given,
            data=b"".join(output.data),
            sizes=array("q", map(len, output.data)),
            timestamps=output.timestamps,
            decoding_times=output.decoding_times,
            durations=output.durations,
            keys=bytes(output.keys),
            alpha=output.alpha,
            config=config,
            delay=writer.delay,
            sets=sets,
            setup=writer.setup(job.encoding.crop is not None),
            codec=None if encoding is None else encoding.codec,
            encoder=writer.encoder_name,
            encoded_rate=writer.rate,
            is_moved=is_moved,
            says_light=output._original.says_light,
            lost=self._losses.told,
            warnings=self._warnings,
            shortfall=self._damage.shortfall,
        )


class PartDamage(Damage):
    """Damage of a part is an error: what becomes of it depends on what was decoded before."""

    __slots__ = ("_ends_early",)

    def __init__(self, part: Part) -> None:
        super().__init__("raise", part.job.careful)
        self._ends_early = not part.job.strict  # and may

    def end(self, demuxer: DemuxerCore | None, less: int = 0) -> bool:
        careful, self.strict = self.strict, self.strict and not self._ends_early
        try:
            return super().end(demuxer, less)
        finally:
            self.strict = careful
