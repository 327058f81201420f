"""Decoding on a device, with a way back to software: same interface as `DecoderCore`.

Whether a device decodes a stream is known for sure only when its first picture comes out: until
then libavcodec may change to software by itself (a profile that the device does not know), or fail
(AV1, whose native decoder has no software). So the input is kept until then. If the first picture
is not on the device, the next device gets the same input from the beginning, and at last the
software decoder does, with all its threads. Nothing is lost, doubled or decoded otherwise than by a
decoder that never heard of hardware.

Surfaces: a decoder's pool is fixed when it starts, NVDEC's at 32 in all. The program may hold
`budget` pictures on the device; beyond that each is downloaded as it comes, so the pool never runs
dry.
"""

from __future__ import annotations

import weakref
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from ..._ffi import avcodec, avutil, ffi
from ...errors import EncodingError, NotSupportedError
from .. import forked
from ..frames import hardware
from . import packet
from .decoder import DecoderCore

if TYPE_CHECKING:
    from ..._ffi._types import AVCodec, AVCodecHWConfig, AVFrame, AVPacket
    from .picture_run import PictureRun

# H.264 refers to 16 pictures at most and FFmpeg adds up to 5: with these it stays within 32.
MAX_HELD = 8
_MARGIN = 2  # one on its way to the program, one inside libavcodec
_FAILURES = (EncodingError, MemoryError)  # a device that is out of memory says so as FFmpeg does


class HardwareStatus:
    """What became of the wish for hardware; written by the worker, read by anybody."""

    __slots__ = ("device", "problem")

    def __init__(self) -> None:
        self.device: str | None = None  # the kind that decodes
        self.problem: str | None = None  # why none does, though one was preferred


def offers(name: str) -> list[tuple[str, AVCodec]]:
    """Return the kinds of device that decode `name` in this FFmpeg, best first, with the AVCodec
    that uses each.

    Of a codec all decoders are asked: AV1's usual one knows no devices, its native one does.
    """
    descriptor = avcodec.avcodec_descriptor_get_by_name(name.encode())
    found: dict[str, AVCodec] = {}
    cursor = ffi.new("void **")
    codec: AVCodec
    while codec := avcodec.av_codec_iterate(cursor):
        if (
            codec.type != avutil.AVMEDIA_TYPE_VIDEO
            or not avcodec.av_codec_is_decoder(codec)
            or codec.capabilities & avcodec.AV_CODEC_CAP_EXPERIMENTAL
        ):
            continue
        if descriptor:
            wanted = codec.id == descriptor.id
        else:
            wanted = ffi.string(codec.name).decode() == name
        if wanted:
            for kind in _kinds_of(codec):
                found.setdefault(kind, codec)
    return [(kind, found[kind]) for kind in hardware.DECODING if kind in found]


def _kinds_of(codec: AVCodec) -> Iterator[str]:
    index = 0
    config: AVCodecHWConfig
    while config := avcodec.avcodec_get_hw_config(codec, index):
        if config.methods & avcodec.AV_CODEC_HW_CONFIG_METHOD_HW_DEVICE_CTX:
            yield ffi.string(avutil.av_hwdevice_get_type_name(config.device_type)).decode()
        index += 1


class HardwareDecoder:
    """A decoder that prefers a device.

    Parameters
    ----------
    name : str
        FFmpeg's codec or decoder name.
    make : callable
        Returns a `DecoderCore`; takes `codec`, `device` and `surfaces`, or nothing for software.
    status : HardwareStatus
        Kept up to date.
    pool_size : int or None
        Frames that the program may hold.

    Raises
    ------
    NotSupportedError
        Neither a device nor software decodes this.
    """

    __slots__ = (
        "_budget",
        "_candidates",
        "_core",
        "_held",
        "_kind",
        "_make",
        "_name",
        "_out",
        "_problems",
        "_replay",
        "_status",
    )

    def __init__(
        self,
        name: str,
        make: Callable[..., DecoderCore],
        status: HardwareStatus,
        pool_size: int | None,
    ) -> None:
        self._name = name
        self._make = make
        self._status = status
        self._budget = min(pool_size or MAX_HELD, MAX_HELD)
        self._candidates = iter(offers(name))
        self._problems: list[str] = []
        self._kind: str | None = None
        self._core: DecoderCore | None = None
        # Packets and timestamps until a picture on the device proves that it decodes; a packet of
        # None is the end. No list: proved, or decoding in software.
        self._held: list[tuple[AVPacket | None, int]] | None = []
        self._replay: deque[tuple[AVPacket | None, int]] = deque()
        self._out: list[weakref.ref[AVFrame]] = []  # pictures on the device that the program has
        self._next(None)

    @property
    def name(self) -> str:
        """FFmpeg's name of the decoder in use."""
        return "" if self._core is None else self._core.name

    @property
    def at_end(self) -> bool:
        """Whether everything has been received after `drain`."""
        return self._core is None or (self._core.at_end and not self._replay)

    @property
    def behind(self) -> int:
        """How many packets were sent after the one that failed; see `DecoderCore`."""
        return 0 if self._core is None else self._core.behind

    @property
    def most_behind(self) -> int:
        """How many those may be; see `DecoderCore.most_behind`."""
        return 0 if self._core is None else self._core.most_behind

    @property
    def has_one_thread(self) -> bool:
        """Whether it decodes on the calling thread only."""
        return self._core is not None and self._core.has_one_thread

    def send(self, ptr: AVPacket, timestamp: int) -> None:
        """Hand a packet over; see `DecoderCore.send`."""
        if self._held is not None:
            self._held.append((packet.clone(ptr), timestamp))
        self._feed(ptr, timestamp)

    def run(self, packets: Sequence[Any], times: list[int], shape: object) -> PictureRun | None:
        """Decode several packets once it is settled that software does; see `DecoderCore.run`."""
        core = self._core
        if core is None or self._kind is not None or self._held is not None or self._replay:
            return None
        return core.run(packets, times, shape)

    def drain(self) -> None:
        """Say that no packet follows; see `DecoderCore.drain`."""
        if self._held is not None:
            self._held.append((None, 0))
        self._feed(None, 0)

    def receive(self) -> AVFrame | None:
        """Return the owner of the next frame, on the device or in memory; see
        `DecoderCore.receive`.
        """
        while self._core is not None:
            try:
                ptr = self._core.receive()
            except _FAILURES as error:
                if self._held is None:
                    raise
                self._next(str(error))
                continue
            if ptr is not None:
                if self._kind is None:
                    return ptr
                if ptr.hw_frames_ctx:
                    return self._on_device(ptr)
                if self._held is None:
                    self._left_device()
                    return ptr
                self._next("it does not decode this stream (its profile, depth or size)")
                continue
            if not self._replay:
                return None
            self._feed(*self._replay.popleft())
        return None

    def restart(self) -> None:
        """Forget all input; see `DecoderCore.restart`."""
        self._replay.clear()
        if self._held is not None:
            self._held.clear()
        if self._core is not None:
            self._core.restart()

    def leave(self, why: str) -> None:
        """Close it, because software goes on."""
        self.close()
        self._say(why)

    def close(self) -> None:
        """Free the decoder; see `DecoderCore.close`."""
        core, self._core = self._core, None
        self._held = None
        self._replay.clear()
        self._status.device = None
        if core is not None:
            core.close()

    def _feed(self, ptr: AVPacket | None, timestamp: int) -> None:
        core = self._core
        if core is None:
            return
        try:
            if ptr is None:
                core.drain()
            else:
                core.send(ptr, timestamp)
        except _FAILURES as error:
            if self._held is None:
                raise
            self._next(str(error))

    def _next(self, failure: str | None) -> None:
        """Open the next device's decoder, or the software one, and give it all input again."""
        if failure is not None:
            self._problems.append(f"{self._kind}: {failure}")
        core, self._core = self._core, None
        if core is not None:
            core.close()
        self._replay = deque(self._held or ())
        for kind, codec in self._candidates:
            try:
                device = hardware.open_device(kind)
                self._core = self._make(codec=codec, device=device, surfaces=self._budget + _MARGIN)
            except (NotSupportedError, MemoryError) as error:
                self._problems.append(f"{kind}: {error}")
                continue
            self._kind = kind
            return
        self._kind = None
        self._held = None
        self._say(
            "; ".join(self._problems)
            or f"this FFmpeg has no decoder of {self._name} that uses one of "
            f"{', '.join(hardware.DECODING)}"
        )
        self._core = self._make()

    def _on_device(self, ptr: AVFrame) -> AVFrame:
        self._held = None
        status = self._status
        if status.device is None:
            status.device, status.problem = self._kind, None
        self._out = [ref for ref in self._out if ref() is not None]
        if len(self._out) >= self._budget:
            return hardware.picture_of(ptr).ptr
        self._out.append(weakref.ref(ptr))
        return ptr

    def _left_device(self) -> None:
        """libavcodec itself went back to software: the stream has changed."""
        if self._status.device is not None:
            self._status.device = None
            self._say(f"{self._kind}: the stream changed to what it does not decode")

    def _say(self, problem: str) -> None:
        with forked.opening:
            import logging

        self._status.problem = problem
        logging.getLogger("ffwebcodecs").warning(
            "hardware decoding of %s was preferred, but it is decoded in software: %s",
            self._name,
            problem,
        )
