"""The decoding core: send a packet, receive frames, name errors. No threads, no queue, no policy.

`VideoDecoder`'s worker and `read_frames` drive this one class. The rule for a driver: after `send`,
call `receive` until it returns None, then send again; so `send` never finds the decoder full.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from ..._ffi import avcodec, avutil, ffi
from ..._spec.codecs.history import History
from ...errors import EncodingError, NotSupportedError
from .. import atomic, averror, forked, pump, said
from ..frames import frame as frames
from ..frames.orientation import told_beside
from . import codec_context
from .codec_context import allocate_context, set_extradata
from .packet import NOPTS, has_alpha
from .parameters import known
from .picture_guard import KEY, PictureGuard
from .picture_run import PictureRun, run_pictures
from .recognition import Recognition
from .threads import default_threads, without_frame_threads

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..._ffi._types import AVCodec, AVCodecContext, AVFrame, AVPacket
    from ..frames.hardware import Device

_MOST_ERRORS = 64  # after the first one, more than any decoder holds chunks


def _use_device(context: AVCodecContext, device: Device, surfaces: int) -> None:
    # libavcodec's own get_format follows it, and goes back to software by itself.
    box = ffi.addressof(context, "hw_device_ctx")
    atomic.fill(box, avutil.av_buffer_ref, device.ptr)
    averror.check_pointer(box[0], "cannot use a device")
    context.extra_hw_frames = surfaces
    context.thread_count = 1  # the device works in parallel; a thread costs a surface each


def find_decoder(name: str) -> AVCodec | None:
    """Return the AVCodec that decodes the pictures of `name`, a codec or one of FFmpeg's decoders;
    None if none does.
    """
    return codec_context.find(name, avutil.AVMEDIA_TYPE_VIDEO)


def _require_decoder(name: str) -> AVCodec:
    codec = find_decoder(name)
    if codec is None:
        raise codec_context.no_decoder(name)
    return codec


def has_decoder(name: str) -> bool:
    """Return whether this FFmpeg can decode `name` in software."""
    return find_decoder(name) is not None


# FFmpeg's own decoders of VP8 and VP9 pass over the alpha channel that WebM keeps beside a picture.
_WITH_ALPHA = {"vp8": "libvpx", "vp9": "libvpx-vp9"}


def _open_with_alpha(name: str, **setup: Any) -> DecoderCore | None:
    codec = avcodec.avcodec_find_decoder_by_name(name.encode())
    return DecoderCore(name, codec=codec, **setup) if codec else None


class DecoderCore:
    """One open decoder. Takes packets with microseconds in them, gives frames with microseconds in
    them.

    Parameters
    ----------
    name : str
        FFmpeg's codec or decoder name.
    extradata : buffer or None
        avcC, hvcC or whatever the codec wants; copied.
    coded_size : (int, int) or None
        A hint; most codecs carry it themselves.
    threads : int
        FFmpeg threads.
    low_delay : bool
        One frame in, one frame out: slice threads only.
    frame_threads : bool
        Whether threads may work on a frame each, which holds back as many frames but one.
    parameters : optional
        What the configuration carries from the demuxer, see `parameters.known`; says more than the
        rest for uncommon codecs.
    codec : AVCodec, optional
        Use this decoder of `name`.
    device : Device, optional
        Decode on it, if libavcodec finds that it can. Kept open.
    surfaces : int
        Pictures on the device that others may hold, besides those that decoding itself needs.
    max_pixels : int or None
        The largest picture that is decoded.
    explode : bool
        Take damage inside a picture for an error, where FFmpeg would conceal it.

    Raises
    ------
    NotSupportedError
        This FFmpeg has no such decoder, or it refuses the configuration.

    Attributes
    ----------
    behind : int
        After an error, how many packets were sent after the one that failed.
    """

    __slots__ = (
        "__weakref__",
        "_again",
        "_alpha",
        "_context",
        "_device",
        "_guard",
        "_has_first",
        "_history",
        "_latest",
        "_left",
        "_pump",
        "_recognition",
        "_spare",
        "_turned",
        "_unstamped",
        "at_end",
        "behind",
        "has_failed",
        "name",
    )

    def __init__(
        self,
        name: str,
        *,
        extradata: object | None = None,
        coded_size: tuple[int, int] | None = None,
        threads: int = 0,
        low_delay: bool = False,
        frame_threads: bool = True,
        parameters: Any = None,
        codec: AVCodec | None = None,
        device: Device | None = None,
        surfaces: int = 0,
        max_pixels: int | None = None,
        explode: bool = False,
    ) -> None:
        if codec is None:
            codec = _require_decoder(name)
        self.name: str = ffi.string(codec.name).decode()
        self.at_end = self.has_failed = False
        self.behind = 0
        self._left: deque[AVFrame] = deque()  # after a failure: what may still be received
        self._spare: AVFrame | None = None
        self._turned = told_beside(codec.id, self.name)
        self._unstamped: deque[int] = deque()
        self._latest: int | None = None  # the last frame's time
        self._again = 0  # pictures of its chunk before it
        self._has_first = False  # a chunk has the one time that FFmpeg takes for none
        context = allocate_context(codec)
        parameters = known(parameters, codec.id)
        if parameters is not None:
            code = parameters.apply(context, codec.id)
            averror.check(code, f"cannot configure {self.name}", NotSupportedError)
            if extradata is None and parameters.extradata:
                extradata = parameters.extradata
        if coded_size is not None:
            context.width, context.height = coded_size
        if extradata is not None:
            set_extradata(context, bytes(extradata))  # type: ignore[call-overload]
        self._guard = PictureGuard(context, codec, self.name, max_pixels)
        context.pkt_timebase = (1, 1000000)
        context.thread_count = threads or default_threads()
        if low_delay or not frame_threads:
            context.thread_type = avcodec.FF_THREAD_SLICE
        if low_delay or (not frame_threads and self.name == "libdav1d"):
            context.flags |= avcodec.AV_CODEC_FLAG_LOW_DELAY
        self._device = device
        if device is not None:
            _use_device(context, device, surfaces)
        without_frame_threads(context, self.name)
        # The coded size and the crop are shown as WebCodecs wants them, so FFmpeg must not apply
        # the crop itself.
        context.apply_cropping = 0
        self._recognition = Recognition(context, self.name) if explode else None
        place = said.mark()
        with forked.opening:
            code = avcodec.avcodec_open2(context, codec, ffi.NULL)
        what = f"{self.name} refuses the configuration"
        averror.check(code, what, NotSupportedError, since=place)
        self._context: AVCodecContext | Any = context  # None once it is closed
        self._pump = pump.picture_decoder(context)
        forked.watch(self)
        # Until the first packet tells: how to open the decoder that reads an alpha channel too.
        self._alpha: Callable[[], DecoderCore | None] | None = None
        if device is None and self.name in _WITH_ALPHA:
            self._alpha = partial(
                _open_with_alpha,
                _WITH_ALPHA[self.name],
                extradata=extradata,
                coded_size=coded_size,
                threads=threads,
                low_delay=low_delay,
                frame_threads=frame_threads,
                parameters=parameters,
                max_pixels=max_pixels,
                explode=explode,
            )
        # Frame threads give the result of a packet, an error too, when `thread_count - 1` more have
        # been sent.
        in_frames = context.active_thread_type == avcodec.FF_THREAD_FRAME
        self._history = History(self.name, context.thread_count - 1 if in_frames else 0)

    def _become(self, other: DecoderCore | None) -> None:
        """Go on with the decoder of another core, before anything was decoded."""
        if other is not None:
            self.name, self._context = other.name, other._context
            self._history = other._history
            self._guard = other._guard
            self._recognition = other._recognition
            self._pump, other._pump = other._pump, None
            other._context = None

    @property
    def reads_alpha(self) -> bool:
        """Whether it gives the alpha channel beside a packet by itself."""
        name = self.name
        return name in _WITH_ALPHA.values() or (
            self._alpha is not None
            and bool(avcodec.avcodec_find_decoder_by_name(_WITH_ALPHA[name].encode()))
        )

    def send(self, packet: AVPacket, timestamp: int) -> None:
        """Hand a packet over; the decoder takes its own reference.

        `timestamp` is what the frame gets if the packet itself has no presentation time, where it
        is not known in which order pictures are shown: such timestamps are given to the frames in
        the order of output.

        Raises
        ------
        EncodingError
            The decoder refuses the data. Frames of earlier packets may still be received.
        """
        alpha, self._alpha = self._alpha, None
        if alpha is not None and has_alpha(packet):
            self._become(alpha())
        if self.has_failed:
            raise EncodingError(f"{self.name} has failed before")
        context = self._context
        if packet.pts == NOPTS:
            self._unstamped.append(timestamp)
            self._has_first = self._has_first or timestamp == NOPTS
        self._history.sent.append(timestamp)
        if self._turned is not None and self._turned.sent is not None:
            self._turned.sent(packet, timestamp if packet.pts == NOPTS else packet.pts)
        if packet.flags & self._guard.watched or self._guard.alone:
            try:
                self._guard.look_at(packet, timestamp)
            except EncodingError:
                self._fail(refused=True)
                raise
        recognition = self._recognition
        if recognition is not None and recognition.watches and packet.flags & KEY:
            recognition.look_at(packet)
        code = avcodec.avcodec_send_packet(context, packet)
        if code < 0:
            raise self._error(code, refused=not packet.size)

    def drain(self) -> None:
        """Say that no packet follows; `receive` then gives what is left and sets `at_end`."""
        if self.has_failed:
            return
        self._history.drained = True
        code = avcodec.avcodec_send_packet(self._context, ffi.NULL)
        if code < 0 and code != averror.EOF:
            raise self._error(code)

    def receive(self) -> AVFrame | None:
        """Return the owner of the next frame in presentation order, None when the decoder wants
        input or is drained.

        The frame's ``pts`` is in microseconds. After an error come the frames of the packets
        before the one that failed, and no others: what follows a damaged picture is built on it.
        """
        if self.has_failed:
            self.at_end = not self._left
            return self._left.popleft() if self._left else None
        code, ptr = self._receive()
        if ptr is not None:
            return self._allowed(ptr)
        if code == averror.EAGAIN:
            return None
        if code == averror.EOF:
            self.at_end = True
            return None
        raise self._error(code)

    def _receive(self) -> tuple[int, AVFrame | None]:
        ptr, self._spare = self._spare or frames.allocate(), None
        code = avcodec.avcodec_receive_frame(self._context, ptr)
        if code:
            self._spare = ptr
            return code, None
        return code, self._shown(ptr)

    def _allowed(self, ptr: AVFrame) -> AVFrame:
        if ptr.width * ptr.height > self._guard.most:
            self._refuse(ptr)
        return ptr

    def _accepted(self, ptr: AVFrame) -> AVFrame:
        """Return a frame that FFmpeg has just given, as `receive` does."""
        return self._allowed(self._shown(ptr))

    def _shown(self, ptr: AVFrame) -> AVFrame:
        """Note a frame that was received, and return it as it is to be shown."""
        timestamp = ptr.pts
        if timestamp == NOPTS:
            timestamp = ptr.pts = self._guess(ptr)
        self._history.given.append(timestamp)
        if self._turned is not None and (ptr.nb_side_data or self._turned.matrix):
            self._turned.look_at(ptr)
        if timestamp == self._latest:
            self._separate(ptr)
        else:
            self._latest, self._again = timestamp, 0
        return frames.upright(ptr) if ptr.linesize[0] < 0 else ptr

    def run(
        self, packets: Sequence[Any], times: list[int], shape: object, *, alone: bool = False
    ) -> PictureRun | None:
        """Send the first of some packets, and receive what comes of them, as `send` and `receive`
        would; see `run_pictures`. None: that cannot be done.
        """
        return run_pictures(self, packets, times, shape, alone=alone)

    def _separate(self, ptr: AVFrame) -> None:
        """Show the second picture of a chunk after the first one, if one chunk alone had the
        time.
        """
        if self._history.sent.count(ptr.pts) != 1:
            return
        self._again += 1
        lasting = frames.duration(ptr)
        ptr.pts += max(lasting - (lasting >> self._again), self._again)

    def _guess(self, ptr: AVFrame) -> int:
        if self._unstamped:
            return self._unstamped.popleft()
        if self._has_first:
            return NOPTS
        guess = ptr.best_effort_timestamp
        return 0 if guess == NOPTS else guess

    def restart(self) -> None:
        """Forget all input, so that the next packet may be a key frame of anything."""
        avcodec.avcodec_flush_buffers(self._context)
        if self._recognition is not None:
            self._recognition.restart()
        self._unstamped.clear()
        if self._turned is not None:
            self._turned.restart()
        self._latest = None
        self._has_first = False
        self._history.clear()
        self.has_failed = False
        self._left.clear()
        self.at_end = False
        self.behind = 0

    @property
    def most_behind(self) -> int:
        """How many packets may have been sent after one that an error is about."""
        return self._history.delay

    @property
    def has_one_thread(self) -> bool:
        """Whether it decodes on the calling thread only."""
        return self._context is not None and bool(self._context.thread_count == 1)

    def close(self) -> None:
        """Free the decoder. Call it from the thread that uses it, or while no thread does."""
        self._context = None
        self._spare = self._pump = None
        self._device = None
        self._recognition = None  # it has the context too
        self._left.clear()

    def _after_fork(self) -> None:
        self.__class__ = InheritedDecoder

    def _refuse(self, ptr: AVFrame) -> None:
        """Raise EncodingError if the frame is too large, and give nothing after it."""
        try:
            self._guard.refuse_frame(ptr)
        except EncodingError:
            self.has_failed = True
            raise

    def _rest(self) -> list[AVFrame]:
        """Return all frames that can still be had, up to one that is too large."""
        avcodec.avcodec_send_packet(self._context, ffi.NULL)
        rest: list[AVFrame] = []
        ends = 0
        for _ in range(_MOST_ERRORS):  # further errors say nothing new
            code, ptr = self._receive()
            while ptr is not None:
                if ptr.width * ptr.height > self._guard.most:
                    return rest
                rest.append(ptr)
                code, ptr = self._receive()
            # After a refused chunk, dav1d 1.1 and later answer the first question of a drain with
            # "nothing left" while they still hold pictures; asking again costs nothing elsewhere.
            ends += code == averror.EOF
            if ends == 2:
                break
        return rest

    def _fail(self, refused: bool) -> int | None:
        """Keep what may still be received, the pictures of the chunks before the one that failed;
        return the timestamp of that one.
        """
        self.has_failed = True
        history = self._history
        given = list(history.given)
        rest = self._rest()
        times = [ptr.pts for ptr in rest]
        place = history.failed(given, times, refused)
        self.behind = max(len(history.sent) - 1 - place, 0)
        self._left = deque([rest[index] for index in history.before(place, times)])
        return history.sent[place] if history.sent else None

    def _error(self, code: int, refused: bool = False) -> Exception:
        timestamp = self._fail(refused)
        where = "" if timestamp is None else f" the chunk at {timestamp} us"
        what = f"{self.name} cannot decode{where}"
        refusal = self._guard.explain(code, what)
        if refusal is not None:
            refusal.timestamp = timestamp
            return refusal
        failure = averror.error(code, what, EncodingError)
        if isinstance(failure, MemoryError) and self.name == "libdav1d":
            # With threads, dav1d 1.1 and later also say so of damaged data, and cannot be asked.
            failure = EncodingError(f"{what}: damaged data, or dav1d is out of memory")
            failure.code = code
        if isinstance(failure, EncodingError):
            failure.timestamp = timestamp
        return failure


class InheritedDecoder(DecoderCore):
    """What a decoder is in a fork of the process that made it."""

    __slots__ = ()

    def send(self, packet: AVPacket, timestamp: int) -> None:
        raise forked.inherited("this decoder")

    def run(
        self, packets: Sequence[Any], times: list[int], shape: object, *, alone: bool = False
    ) -> PictureRun | None:
        raise forked.inherited("this decoder")

    def drain(self) -> None:
        raise forked.inherited("this decoder")

    def receive(self) -> AVFrame | None:
        raise forked.inherited("this decoder")

    def restart(self) -> None:
        raise forked.inherited("this decoder")
