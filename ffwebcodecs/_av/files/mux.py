"""AVFormatContext for output: streams described, packets written, the file finished.

FFmpeg writes by name, to a file in which muxers may go back; whoever wants the finished bytes
elsewhere gives the name of a temporary one. Without a name the bytes are gathered, and taken
fragment by fragment (`custom_output`).

`MuxerCore` has no threads and no policy. Times are microseconds for the video stream that
`add_video` makes, and those of their source for streams that are copied.
"""

from __future__ import annotations

import os
import struct
from typing import TYPE_CHECKING, Any

from ..._ffi import avcodec, avformat, avutil, ffi
from ...errors import EncodingError, InvalidArgumentError, InvalidStateError, NotSupportedError
from .. import atomic, averror, forked, ledger, releases, said
from ..codecs import packet
from ..codecs.bitstream_filter import Filter
from ..codecs.parameters import set_extradata
from ..frames.pixel_format import pix_fmt_id
from . import chapters, containers, live, side_data
from .animation import WrittenAnimation
from .chapters import Chapter
from .copied_packets import PacketCheck, RefusedPacketError
from .custom_output import CustomOutput
from .interrupt import Interruption
from .named_output import NamedOutput
from .streams import CopiedStream, drop_tag, set_tag, subtitle_clock
from .video_stream import VideoStream
from .written_sound import WrittenPacket, WrittenSound
from .written_stream import SPARSE, SparseStream, WrittenStream, push_sound

if TYPE_CHECKING:
    from ..._ffi._types import AVFormatContext, AVPacket, AVStream
    from ..._spec.files.loop_count import LoopCount

_formats = forked.leave_alone(ledger.owned("format_context"))
_MICROSECONDS = (1, 1000000)
_NO_HEADER = "the header is not written yet"


class MuxerCore:
    """One open output. Not thread-safe: its owner locks.

    Parameters
    ----------
    name : str or None
        Where to write, a path; None: the bytes are gathered, and `end_fragment` gives them.
    container : containers.Container
    shown : str
        The file as the user knows it, for messages.
    path : str, optional
        Its name for an OSError; default: `shown`.

    Raises
    ------
    OSError
        The operating system refuses the file.
    NotSupportedError
        This FFmpeg cannot write the container.
    """

    __slots__ = (
        *("_context", "_has_keys", "_interruption", "_output", "_path", "_shown", "_spare"),
        *("_sparse", "_streams", "animation", "container", "started"),
    )

    def __init__(
        self,
        name: str | None,
        container: containers.Container,
        shown: str,
        path: str | None = None,
    ) -> None:
        self._context: AVFormatContext | Any = None  # None unless it is open
        self._streams: list[WrittenStream] = []
        self._shown = shown
        self._path = path or shown
        self.container = container
        self.started = False
        self.animation = WrittenAnimation.of(container.name)
        self._has_keys = False
        self._sparse: SparseStream | None = None
        self._spare: AVPacket | Any = packet.allocate()  # None once it is closed
        url = ffi.NULL if name is None else os.fsencode("file:" + name)
        box = ffi.new("AVFormatContext *[1]")
        free = ffi.gc(box, atomic.at_end(map(avformat.avformat_free_context, box)))
        averror.check(
            avformat.avformat_alloc_output_context2(box, ffi.NULL, container.name.encode(), url),
            f"cannot write {container.name} to {shown}",
        )
        ptr: AVFormatContext = box[0]
        # What it writes asks for it while it waits, so that is freed last.
        self._interruption = Interruption()
        self._output = CustomOutput() if name is None else NamedOutput()
        holders = self._interruption.holder, *self._output.holders(), free
        context = _formats.own(ptr, holders)
        self._interruption.watch(context)
        if isinstance(self._output, CustomOutput):
            self._output.attach(context)
        elif not container.writes_several:  # else it opens them itself
            code = self._output.open(context, url, self._interruption.callback())
            if code < 0:
                raise averror.os_error(code, name or self._path, opening=True) or averror.error(
                    code, f"cannot write {shown}"
                )
        self._context = context
        if container.is_iso:
            # Old releases ask for it before they write FLAC into MP4, which is standard by now.
            self.set_option("strict", "experimental")

    def set_option(self, name: str, value: str) -> None:
        """Set an option of the container; raises InvalidArgumentError if there is no such one."""
        if self.animation is not None:
            self.animation.chosen.add(name)
        context = self._context
        flags = avutil.AV_OPT_SEARCH_CHILDREN
        code = avutil.av_opt_set(context, name.encode(), value.encode(), flags)
        if code == avutil.AVERROR_OPTION_NOT_FOUND:
            raise InvalidArgumentError(f"{self.container.name} has no option {name!r}")
        averror.check(code, f"{self.container.name} option {name}={value!r}", InvalidArgumentError)

    def set_loop_count(self, loop: LoopCount) -> None:
        """Set how often an animation is played, before the header; films have no such thing."""
        found = None if self.animation is None else self.animation.set_loop_count(loop)
        if found is not None and self.has_option(found[0]):
            self.set_option(*found)

    def has_option(self, name: str) -> bool:
        """Return whether this FFmpeg's container knows the option."""
        context = self._context
        return bool(
            avutil.av_opt_find(context, name.encode(), ffi.NULL, 0, avutil.AV_OPT_SEARCH_CHILDREN)
        )

    def set_metadata(self, key: str, value: str) -> None:
        """Set a tag of the whole file."""
        set_tag(self._context, key, value)

    def use_metadata_keys(self) -> None:
        """Write tags in QuickTime's newer way, which holds any of them."""
        self.set_option("movflags", "+use_metadata_tags")
        self._has_keys = True

    def drop_metadata(self, key: str) -> None:
        """Take back a tag of the whole file."""
        drop_tag(self._context, key)

    def set_chapters(self, found: list[Chapter]) -> None:
        """Set the chapters of the whole file, once, before the header."""
        assert not self.started
        chapters.write(self._context, found)

    def _new_stream(self) -> AVStream:
        if self.started:
            raise InvalidStateError(f"{self._shown} has begun: its streams are fixed")
        stream: AVStream = avformat.avformat_new_stream(self._context, ffi.NULL)
        return averror.check_pointer(stream, "cannot add a stream")

    def add_video(
        self, video: VideoStream, time_base: tuple[int, int], rate: tuple[int, int] | None
    ) -> int:
        """Add the video stream; returns its index.

        Parameters
        ----------
        video : VideoStream
        time_base : (int, int)
            In which times are wanted; the container has the last word.
        rate : (int, int), optional
            Frames per second, if they are constant.
        """
        codec_id = containers.codec_id(video.codec)
        stream = self._new_stream()
        par = stream.codecpar
        if video.native is not None:
            video.native.fill(par, codec_id)
        par.codec_type = avutil.AVMEDIA_TYPE_VIDEO
        par.codec_id = codec_id
        par.codec_tag = self.container.accepted_tag(codec_id, video.codec_tag)
        par.width, par.height = video.width, video.height
        if video.profile is not None:
            par.profile = video.profile
        if video.level is not None:
            par.level = video.level
        if video.pix_fmt is not None:
            par.format = pix_fmt_id(video.pix_fmt)
        par.color_primaries, par.color_trc, par.color_space, par.color_range = video.color
        par.sample_aspect_ratio = stream.sample_aspect_ratio = video.sample_aspect_ratio
        set_extradata(par, video.extradata)
        stream.time_base = time_base
        default: int = avformat.AV_DISPOSITION_DEFAULT
        stream.disposition = default if video.disposition is None else video.disposition
        for key, value in video.tags.items():
            set_tag(stream, key, value)
        for one in video.side_data:
            side_data.write(stream, one)
        if rate is not None:
            stream.avg_frame_rate = rate
        if video.native is not None and video.native.real_frame_rate[0] > 0:
            stream.r_frame_rate = video.native.real_frame_rate
        if video.display_matrix is not None:
            matrix = struct.pack("=9i", *video.display_matrix)
            side_data.write(stream, (avcodec.AV_PKT_DATA_DISPLAYMATRIX, matrix))
        if video.alpha:
            set_tag(stream, "alpha_mode", "1")
        output = WrittenStream(stream, _MICROSECONDS)
        name = self.container.needed_filter(video.codec, video.extradata)
        if name is not None:
            output.filter = Filter(name, par, joined=self.container.is_live)
        self._streams.append(output)
        if video.codec in SPARSE:
            self._sparse = SparseStream(output)
        return len(self._streams) - 1

    def add_copied_stream(self, source: CopiedStream) -> int:
        """Add a stream that is copied from another file; returns its index.

        Its packets are written in the source's time base.

        Raises
        ------
        NotSupportedError
            The container cannot hold this codec.
        """
        if not source.is_cover:
            self.container.require_copy(source.kind, source.codec_id, source.codec)
        stream = self._new_stream()
        par = stream.codecpar
        source.fill(par, counts_packets=self.container.has_constant_rate)
        par.codec_tag = self.container.accepted_tag(source.codec_id, par.codec_tag)
        stream.time_base = source.time_base
        if source.codec == "mov_text":
            stream.time_base = subtitle_clock(source.time_base)
        stream.disposition = source.disposition
        stream.avg_frame_rate = source.frame_rate
        for key, value in source.metadata.items():
            set_tag(stream, key, value)
        if not releases.parameters_have_side_data():  # else it is among them
            for one in source.side_data:
                side_data.write(stream, one)
        late = source.late
        if self.container.has_codec_delay(source.codec) and (
            not releases.matroska_adds_codec_delay()
        ):  # readers take it away
            rate = (1, par.sample_rate or 1)
            late += avutil.av_rescale_q(par.initial_padding, rate, _MICROSECONDS)
        output = WrittenStream(stream, source.time_base, late)
        output.filter = live.describe(self.container, source, par)
        if not source.is_cover:
            output.check = PacketCheck(source, len(self._streams))
        self._streams.append(output)
        return len(self._streams) - 1

    def add_sound(self, sound: WrittenSound) -> int:
        """Add a track of sound, whose packets count samples; returns its index."""
        codec_id = containers.codec_id(sound.codec)
        stream = self._new_stream()
        par = stream.codecpar
        sound.fill(par, codec_id)
        par.codec_tag = self.container.accepted_tag(codec_id, par.codec_tag)
        stream.time_base = (1, sound.sample_rate)
        stream.disposition = sound.disposition
        for key, value in sound.tags.items():
            set_tag(stream, key, value)
        late = 0
        if self.container.has_codec_delay(sound.codec) and releases.matroska_adds_codec_delay():
            late = -avutil.av_rescale_q(sound.initial_padding, stream.time_base, _MICROSECONDS)
        self._streams.append(WrittenStream(stream, (1, sound.sample_rate), late))
        return len(self._streams) - 1

    def write_header(self) -> None:
        """Begin the file; no stream can be added after that."""
        what = f"cannot begin {self._shown} ({self.container.name})"
        place = said.mark()
        code = avformat.avformat_write_header(self._context, ffi.NULL)
        self._output.raise_kept()
        if code < 0:
            raise averror.os_error(code, self._path) or averror.error(
                code, what, NotSupportedError, said.since(place)
            )
        self.started = True
        if self._has_keys:
            # It has a field of its own, in which it is by now: not once more.
            drop_tag(self._context, "creation_time")
        for output in self._streams:
            base = output.stream.time_base
            output.time_base = (base.num, base.den)

    def write_video(
        self,
        index: int,
        source: AVPacket,
        pts: int,
        dts: int,
        duration: int,
        *,
        key: bool,
        alpha: bytes | None = None,
    ) -> None:
        """Write a chunk's packet with these times (microseconds); `source` stays as it is."""
        ptr = self._spare
        if self.animation is not None:
            source = self.animation.packet(source)
        packet.reference(ptr, source)
        ptr.pts, ptr.dts, ptr.duration = pts, dts, duration
        flag = avcodec.AV_PKT_FLAG_KEY
        ptr.flags = ptr.flags | flag if key else ptr.flags & ~flag
        if alpha is not None:
            # Matroska's BlockAdditional 1 is the alpha channel.
            kind = avcodec.AV_PKT_DATA_MATROSKA_BLOCKADDITIONAL
            data = avcodec.av_packet_new_side_data(ptr, kind, 8 + len(alpha))
            averror.check_pointer(data, "cannot write alpha side data")
            ffi.memmove(data, (1).to_bytes(8, "big") + alpha, 8 + len(alpha))
        self._write(self._streams[index], index, ptr)

    def write_sound(self, index: int, one: WrittenPacket) -> None:
        """Write a packet of what `add_sound` returned; its source stays as it is."""
        ptr = self._spare
        try:
            one.fill(ptr)
            self._write(self._streams[index], index, ptr)
        finally:
            packet.unref(ptr)

    def write(self, index: int, source: AVPacket, offset: int = 0) -> None:
        """Write a packet of a copied stream, times in its source's time base.

        Parameters
        ----------
        index : int
            What `add_copied_stream` returned.
        source : AVPacket *
            Stays as it is.
        offset : int
            Microseconds to add.

        Raises
        ------
        RefusedPacketError
            It is damaged, or one before it, of any stream, is. The file can go on.
        """
        output = self._streams[index]
        ptr = self._spare
        try:
            packet.reference(ptr, source)
            if offset:
                base = output.source_time_base
                packet.shift(ptr, avutil.av_rescale_q(offset, _MICROSECONDS, base))
            ready = [ptr] if output.check is None else output.check.ready(ptr)
            self._write_all(output, index, ready)
        finally:
            packet.unref(ptr)

    def _write_all(self, output: WrittenStream, index: int, ready: list[AVPacket]) -> None:
        refused: RefusedPacketError | None = None
        for ptr in ready:
            try:
                self._write(output, index, ptr)
            except RefusedPacketError as error:  # noqa: PERF203 - there is one, as a rule
                error.count += 0 if refused is None else refused.count
                refused = error.with_traceback(None)
        if refused is not None:
            raise refused
        if output.check is not None:
            output.check.tell()

    def _write(self, output: WrittenStream, index: int, ptr: AVPacket) -> None:
        assert self.started, _NO_HEADER
        try:
            ptr.pos = -1
            if output.filter is not None:
                try:
                    output.filter.apply(ptr)
                except EncodingError as error:
                    raise RefusedPacketError(str(error), str(error), index) from None
            avcodec.av_packet_rescale_ts(ptr, output.source_time_base, output.time_base)
            if output.late:
                packet.shift(ptr, avutil.av_rescale_q(output.late, _MICROSECONDS, output.time_base))
            output.increase(ptr, allows_equal=self.container.allows_equal_times)
            gap = output.unwritable(ptr, self.container.name) if self.container.is_iso else None
            if gap is not None:
                if output.check is not None:
                    raise RefusedPacketError(gap, gap, index)
                raise InvalidArgumentError(f"{self._shown}: {gap}")
            if ptr.dts != packet.NOPTS:
                output.last_dts = ptr.dts
            if self.animation is not None:
                self.animation.note(ptr.pts, ptr.duration)
            ptr.stream_index = index
            output.given += 1
            code = avformat.av_interleaved_write_frame(self._context, ptr)
            self.has_written(index, code)
        finally:
            packet.unref(ptr)

    def has_written(self, index: int, code: int) -> None:
        """Look at what libavformat said of a packet of a stream, and write what has waited long
        enough; raises as `write`.
        """
        self._check_write(code)
        if self._sparse is not None and self._sparse.is_behind(self._streams[index]):
            self.write_waiting()

    def _check_write(self, code: int) -> None:
        self._output.raise_kept()
        pb = self._context.pb
        failed = pb.error if pb else 0
        if code < 0 or failed < 0:
            what = f"cannot write {self._shown}"
            if self._interruption.stopped:
                raise InvalidStateError(f"{what}: it was closed meanwhile")
            if failed >= 0 and averror.is_refusal(code):
                why = averror.reason(code)
                refused = RefusedPacketError(f"{what}: {why}", why, None)
                refused.code = code
                raise refused
            code = failed or code
            raise averror.os_error(code, self._path) or averror.error(code, what, EncodingError)

    def flush(self) -> None:
        """Write what waits for packets of other streams; raises RefusedPacketError as `write` does,
        and is to be called again then.
        """
        for index, output in enumerate(self._streams):
            if output.check is not None:
                self._write_all(output, index, output.check.end())
        self.write_waiting()

    def write_waiting(self) -> None:
        """As `flush`, but no check of copied packets is ended."""
        self._check_write(avformat.av_interleaved_write_frame(self._context, ffi.NULL))

    def end_fragment(self) -> bytes:
        """End the fragment or cluster with all that waits, and return what was gathered."""
        self.write_waiting()
        if live.keeps_sound_back(self.container):
            push_sound(self._context, self._streams, self._spare)
        self._check_write(avformat.av_write_frame(self._context, ffi.NULL))
        return self.gathered()

    def gathered(self) -> bytes:
        """Return what was written since the last time, if this has no name."""
        output = self._output
        assert isinstance(output, CustomOutput)
        if self._context is not None:  # else it is finished
            avformat.avio_flush(self._context.pb)
            self._check_write(0)
        return output.take()

    @property
    def stopped(self) -> bool:
        """Whether `interrupt` was called."""
        return self._interruption.stopped

    def missing(self) -> dict[int, int]:
        """Return how many packets of each stream are not in the file, after `flush`."""
        return {
            index: max(0, output.given - output.stream.nb_frames)
            for index, output in enumerate(self._streams)
        }

    def interrupt(self) -> None:
        """End what waits, for good; from any thread, twice is fine."""
        self._interruption.stop()

    def finish(self) -> None:
        """Complete the file and close it.

        Raises
        ------
        OSError, EncodingError
            The file is not complete.
        """
        context = self._context
        if self.animation is not None and self._streams:
            delay = self.animation.last_delay(self._streams[0].time_base)
            if delay is not None:
                self.set_option(*delay)
        self._check_write(avformat.av_write_trailer(context))
        code = context.pb.error if context.pb else 0
        closed = self._output.close(context)
        self._context = None
        self._output.raise_kept()
        if code < 0 or closed < 0:
            code = code if code < 0 else closed
            what = f"cannot write {self._shown}"
            raise averror.os_error(code, self._path) or averror.error(code, what, EncodingError)

    def close(self) -> None:
        """Give everything up; twice is fine, and after `finish` there is nothing to do."""
        self._context = self._sparse = None
        self._output.forget()
        self._streams = []
        self._spare = None
