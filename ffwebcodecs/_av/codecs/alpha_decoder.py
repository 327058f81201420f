"""A decoder of pictures whose alpha channel is coded beside them, as a picture of its own.

FFmpeg's decoders pass over it, but for libvpx's. WebM keeps it with each packet; where files have
it in a track or an item of their own (AVIF), the demuxer brings it into that form.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from ..._ffi import avutil, ffi
from ...errors import EncodingError
from .. import atomic, averror
from ..frames.pixel_format import pix_fmt_name
from . import packet
from .decoder import DecoderCore
from .hardware_decoder import HardwareDecoder

if TYPE_CHECKING:
    from ..._ffi._types import AVFrame, AVPacket
    from .picture_run import PictureRun

# The formats with a fourth plane; those of 12 bits lack some.
_WITH_ALPHA = {
    "yuvj420p": "yuva420p",
    **{
        f"{name}{depth}": f"{name[:3]}a{name[3:]}{depth}"
        for name in ("yuv420p", "yuv422p", "yuv444p", "gbrp")
        for depth in ("", "10le")
    },
    "yuv422p12le": "yuva422p12le",
    "yuv444p12le": "yuva444p12le",
    "gbrp": "gbrap",
    "gbrp10le": "gbrap10le",
    "gbrp12le": "gbrap12le",
}


class AlphaDecoder:
    """Drives one decoder, and a second one for the alpha channel from the first packet that has
    one; used as `DecoderCore` is.

    A packet without alpha after one with it has the alpha of the picture before.

    Parameters
    ----------
    make : callable
        Opens a decoder in software.
    main : DecoderCore or HardwareDecoder
        The one to begin with. No device decodes alpha: with the first of it, software goes on.
    """

    __slots__ = (
        "__weakref__",
        "_alphas",
        "_begun",
        "_colors",
        "_failed",
        "_held",
        "_main",
        "_make",
        "_mate",
        "_pairs",
    )  # fmt: skip

    def __init__(
        self, make: Callable[[], DecoderCore], main: DecoderCore | HardwareDecoder
    ) -> None:
        self._make = make
        self._main = main
        self._mate: DecoderCore | None = None
        self._begun = False  # there was alpha
        self._failed = False
        self._pairs: set[int] = set()  # times of the packets that came with alpha
        self._colors: deque[AVFrame] = deque()
        self._alphas: dict[int, AVFrame] = {}
        self._held: AVFrame | None = None

    @property
    def name(self) -> str:
        """FFmpeg's name of the decoder."""
        return self._main.name

    @property
    def at_end(self) -> bool:
        """Whether everything has been received after `drain`."""
        return self._main.at_end and not self._colors

    @property
    def behind(self) -> int:
        """How many packets were sent after the one that failed; see `DecoderCore`."""
        return self._mate.behind if self._failed and self._mate is not None else self._main.behind

    @property
    def most_behind(self) -> int:
        """How many those may be; see `DecoderCore.most_behind`."""
        return self._main.most_behind

    @property
    def alone(self) -> DecoderCore | HardwareDecoder | None:
        """The decoder that does all as long as no packet comes with alpha, None once one has."""
        return None if self._begun or self._colors else self._main

    @property
    def has_one_thread(self) -> bool:
        """Whether it decodes on the calling thread only."""
        return self._main.has_one_thread

    def send(self, ptr: AVPacket, timestamp: int) -> None:
        """Hand a packet over; see `DecoderCore.send`."""
        if ptr.side_data_elems and (self._mate is not None or not self._begun):
            alpha = packet.alpha(ptr)
            if alpha is not None and not self._begun:
                self._begin()
            if alpha is not None and self._mate is not None:
                self._pairs.add(timestamp if alpha.pts == packet.NOPTS else alpha.pts)
                self._guarded(self._mate.send, alpha, timestamp)
        self._main.send(ptr, timestamp)

    def run(self, packets: Sequence[Any], times: list[int], shape: object) -> PictureRun | None:
        """Decode several packets as long as none brings alpha that is decoded here; see
        `DecoderCore.run`.
        """
        main = self._main
        if self._mate is not None or self._colors or not isinstance(main, DecoderCore):
            return None
        return main.run(packets, times, shape, alone=not self._begun)

    def _begin(self) -> None:
        self._begun = True
        if isinstance(self._main, HardwareDecoder):
            self._main.drain()
            while (ptr := self._main.receive()) is not None:
                self._colors.append(ptr)
            self._main.leave("no device decodes an alpha channel")
            self._main = self._make()
        if not self._main.reads_alpha:
            self._mate = self._make()

    def drain(self) -> None:
        """Say that no packet follows; see `DecoderCore.drain`."""
        if self._mate is not None:
            self._guarded(self._mate.drain)
        self._main.drain()

    def _guarded(self, call: Callable[..., None], *arguments: object) -> None:
        try:
            call(*arguments)
        except EncodingError:
            self._failed = True
            raise

    def receive(self) -> AVFrame | None:
        """Return the owner of the next frame; see `DecoderCore.receive`."""
        if self._mate is None:
            return self._colors.popleft() if self._colors else self._main.receive()
        while (ptr := self._main.receive()) is not None:
            self._colors.append(ptr)
        while (ptr := self._mate.receive()) is not None:
            self._alphas[ptr.pts] = ptr
        if not self._colors:
            return None
        timestamp = self._colors[0].pts
        if timestamp in self._pairs:
            alpha = self._alphas.pop(timestamp, None)
            if alpha is None:
                self._wait(timestamp)
                return None
            self._pairs.discard(timestamp)
            self._held = alpha
        ptr = self._colors.popleft()
        return ptr if self._held is None else join(ptr, self._held)

    def _wait(self, timestamp: int) -> None:
        """Wait for the alpha of a picture, unless none comes."""
        failed = self._failed
        if failed or (self._mate is not None and self._mate.at_end):
            self._failed = True
            self._colors.clear()
            if not failed:
                raise EncodingError(
                    f"{self.name} finds no alpha for the picture at {timestamp} us",
                    code=averror.INVALID_DATA,
                    timestamp=timestamp,
                )

    def restart(self) -> None:
        """Forget all input; see `DecoderCore.restart`."""
        self._main = self._restarted(self._main)
        if self._mate is not None:
            self._mate = self._restarted(self._mate)
        self._failed = False
        self._forget()

    def _restarted(self, core: Any) -> Any:
        """Return a decoder that has forgotten all: another one, where that can be relied on only.

        dav1d may wait for ever for the first packet after an error, with threads.
        """
        if core.name == "libdav1d" and isinstance(core, DecoderCore) and core.has_failed:
            other = self._make()
            core.close()
            return other
        core.restart()
        return core

    def close(self) -> None:
        """Free the decoders; see `DecoderCore.close`."""
        self._main.close()
        if self._mate is not None:
            self._mate.close()
        self._forget()

    def _forget(self) -> None:
        self._pairs.clear()
        self._colors.clear()
        self._alphas.clear()
        self._held = None


def join(color: AVFrame, alpha: AVFrame) -> AVFrame:
    """Give a frame the first plane of another one as its alpha, without a copy; return it.

    Raises
    ------
    EncodingError
        The two do not fit.
    """
    names = pix_fmt_name(color.format), pix_fmt_name(alpha.format)
    joined = _WITH_ALPHA.get(names[0] or "")
    same = _depth(names[0]) == _depth(names[1])
    if joined is None or not same or (color.width, color.height) != (alpha.width, alpha.height):
        raise EncodingError(
            f"an alpha channel of {names[1]} {alpha.width}x{alpha.height} does not go with a "
            f"picture of {names[0]} {color.width}x{color.height}",
            timestamp=color.pts,
        )
    place = next(i for i in range(8) if not color.buf[i])
    held = next(alpha.buf[i] for i in range(8) if _holds(alpha.buf[i], alpha.data[0]))
    box = color.buf + place
    atomic.fill(box, avutil.av_buffer_ref, held)
    averror.check_pointer(box[0], "cannot join an alpha channel")
    color.data[3], color.linesize[3] = alpha.data[0], alpha.linesize[0]
    color.format = avutil.av_get_pix_fmt(joined.encode())
    return color


def _depth(name: str | None) -> str:
    return next((depth for depth in ("10", "12") if name and depth in name[4:]), "8")


def _holds(ref: object, data: object) -> bool:
    if not ref:
        return False
    start = int(ffi.cast("uintptr_t", ref.data))  # type: ignore[attr-defined]
    place = int(ffi.cast("uintptr_t", data))
    return start <= place < start + ref.size  # type: ignore[attr-defined, no-any-return]
