"""SwrContext: sound of one format, rate and layout made into that of another.

Output sample k is what the sound is at the time k / rate, and n samples become n * output rate /
input rate, of which a part of a sample may be left out: libswresample begins with a mirrored start,
so that nothing comes late, and ends with a mirrored end. Only what is shorter than its filter it
would drop altogether; that gets silence behind it. How the samples are divided into frames changes
nothing.
"""

from __future__ import annotations

from functools import lru_cache
from math import ceil
from typing import TYPE_CHECKING, Any

from ..._ffi import avutil, ffi, swresample
from ...errors import NotSupportedError, OperationError
from .. import atomic, ledger, releases
from ..averror import check
from . import channel_layout, samples
from .channel_layout import Channels, usual
from .frame import allocate
from .samples import SoundShape

if TYPE_CHECKING:
    from ..._ffi._types import AVFrame

_contexts = ledger.owned("resampler")
MOST_CHANNELS = 64  # SWR_CH_MAX
_TAPS = 32  # of libswresample's filter, where the rate does not fall
_CUTOFF = 0.97  # of what the lower of both rates can hold


class Resampler:
    """Converts the frames of one stream of sound. It has no threads, so a forked process may use
    and free it.

    Parameters
    ----------
    source : SoundShape
        What the frames are. Where nobody says where the channels are, FFmpeg's usual places count.
    sample_fmt : int
        FFmpeg's number of the format wanted.
    sample_rate : int
        In hertz.
    channels : Channels
        Wanted. Others than the source's are mixed by libswresample's own matrix, as the ffmpeg
        program does; samples of integers never exceed their range, floating point may.

    Raises
    ------
    FFmpegLoadError
        There is no libswresample beside the libraries in use; says what to install.
    NotSupportedError
        libswresample cannot do that.
    """

    __slots__ = ("_context", "_drained", "_taken", "source", "target", "total")

    def __init__(
        self, source: SoundShape, sample_fmt: int, sample_rate: int, channels: Channels
    ) -> None:
        self.source = source
        self.target = SoundShape(samples.format_of(sample_fmt), sample_rate, channels, sample_fmt)
        for shape in (source, self.target):
            if shape.channels.number > MOST_CHANNELS:
                raise NotSupportedError(
                    f"cannot convert sound of {shape.channels.number} channels: libswresample "
                    f"takes {MOST_CHANNELS} at most"
                )
        before, after = _placed(source), _placed(self.target)
        if before.channels.number != after.channels.number and not (
            before.channels.layout and after.channels.layout
        ):
            raise NotSupportedError(
                f"cannot convert {_said(source)} to {_said(self.target)}: FFmpeg has no usual "
                "places for so many channels, and nobody says where they are, so they cannot be "
                "mixed"
            )
        self._context: Any = None
        self._drained = False
        self._taken = 0
        self.total = 0  # samples given since the beginning, or since it was drained
        self._begin()

    def convert(self, ptr: AVFrame | None) -> AVFrame | None:
        """Convert a frame, or drain what is held back with None; after that it begins anew.

        Parameters
        ----------
        ptr : AVFrame *, optional
            Of the source's shape.

        Returns
        -------
        AVFrame *
            The samples that are complete, None if there are none yet; ``pts`` counts the samples
            before them.

        Raises
        ------
        OperationError
            The frame is of another shape: see `fits`.
        """
        if ptr is None:
            return self._drain()
        if not self.fits(ptr):
            raise OperationError(
                f"the sound changes from {_said(self.source)} to {_said(samples.describe(ptr))}"
            )
        if self._drained:
            self._begin()
        count = ptr.nb_samples
        if count <= 0:
            return None
        self._taken += count
        return self._convert(ptr.extended_data, count)

    def fits(self, ptr: AVFrame) -> bool:
        """Return whether a frame is of the source's shape."""
        shape = samples.describe(ptr)
        return shape == self.source or _placed(shape) == _placed(self.source)

    def close(self) -> None:
        """Free everything; twice is fine."""
        self._context = None

    def _begin(self) -> None:
        self._taken = self.total = 0
        self._drained = False
        if self._context is None:
            box = atomic.boxed(
                "cannot convert sound", "SwrContext **", swresample.swr_free, swresample.swr_alloc
            )
            self._context = _contexts.own(box[0], box)
            code = swresample.swr_config_frame(
                self._context, _template(self.target), _template(self.source)
            )
            if code >= 0 and not releases.has_channel_layouts():
                # It goes by the layout alone, and not every number of channels has one.
                for name, shape in ((b"ich", self.source), (b"och", self.target)):
                    avutil.av_opt_set_int(self._context, name, shape.channels.number, 0)
            if code >= 0 and self._is_of_16_bits():
                # Until FFmpeg 6.0 it would be computed with 16 bits: seven steps off, and clipped
                # before channels are mixed. Since then this is what it does by itself.
                code = avutil.av_opt_set(self._context, b"internal_sample_fmt", b"fltp", 0)
            self._check(code)
        self._check(swresample.swr_init(self._context))

    def _is_of_16_bits(self) -> bool:
        both = self.source, self.target
        sizes = [avutil.av_get_bytes_per_sample(each.sample_fmt) for each in both]
        return both[0].sample_rate != both[1].sample_rate and max(sizes) <= 2

    def _check(self, code: int) -> None:
        if code < 0:
            self._context = None
            what = f"cannot convert {_said(self.source)} to {_said(self.target)}"
            check(code, what, NotSupportedError)

    def _drain(self) -> AVFrame | None:
        if self._drained:
            return None
        self._drained = True
        ours, theirs = self.target.sample_rate, self.source.sample_rate
        wanted = -(-self._taken * ours // theirs)
        if ours != theirs and 0 < self._taken <= _filter_length(theirs, ours):
            missing = _filter_length(theirs, ours) + 1 - self._taken
            code = swresample.swr_inject_silence(self._context, missing)
            check(code, "cannot convert sound", OperationError)
        left = wanted - self.total
        ptr = self._convert(ffi.NULL, 0)
        if ptr is None or left <= 0:
            return None
        ptr.nb_samples = min(left, ptr.nb_samples)
        self.total = ptr.pts + ptr.nb_samples
        return ptr

    def _convert(self, planes: Any, count: int) -> AVFrame | None:
        room = swresample.swr_get_out_samples(self._context, count)
        if check(room, "cannot convert sound", OperationError) == 0:
            return None
        ptr = _allocated(self.target, room)
        made = swresample.swr_convert(self._context, ptr.extended_data, room, planes, count)
        if check(made, "cannot convert sound", OperationError) == 0:
            return None
        ptr.nb_samples = made
        ptr.pts = self.total
        self.total += made
        return ptr


class Resampling:
    """Makes every frame of sound into one shape, whatever shapes they come in: what is of that
    shape already passes, and libswresample is not even loaded then.

    Parameters
    ----------
    sample_fmt, sample_rate, channels
        As of `Resampler`.
    """

    __slots__ = ("_resampler", "target")

    def __init__(self, sample_fmt: int, sample_rate: int, channels: Channels) -> None:
        self.target = SoundShape(samples.format_of(sample_fmt), sample_rate, channels, sample_fmt)
        self._resampler: Resampler | None = None

    def convert(self, ptr: AVFrame) -> list[AVFrame]:
        """Return the frames that are complete, the end of what came in another shape first; one
        that passes is `ptr` itself.
        """
        resampler = self._resampler
        if resampler is not None and resampler.fits(ptr):
            made = resampler.convert(ptr)
            return [] if made is None else [made]
        before = self.drain()
        shape = samples.describe(ptr)
        if shape == self.target or _placed(shape) == _placed(self.target):
            return [*before, ptr]
        _, rate, channels, number = self.target
        self._resampler = Resampler(shape, number, rate, channels)
        made = self._resampler.convert(ptr)
        return before if made is None else [*before, made]

    def drain(self) -> list[AVFrame]:
        """Return what is held back; the next frame begins anew."""
        resampler, self._resampler = self._resampler, None
        made = None if resampler is None else resampler.convert(None)
        return [] if made is None else [made]

    def close(self) -> None:
        """Free everything; twice is fine."""
        self._resampler = None


def _filter_length(source_rate: int, target_rate: int) -> int:
    """Return of how many samples of the source libswresample makes one: fewer are no beginning."""
    return max(1, ceil(_TAPS / min(target_rate * _CUTOFF / source_rate, 1.0)))


@lru_cache(64)
def _placed(shape: SoundShape) -> SoundShape:
    """Return the shape with its channels at FFmpeg's usual places where nobody says where."""
    if shape.channels.layout is not None:
        return shape
    return shape._replace(channels=usual(shape.channels.number))


def _template(shape: SoundShape) -> AVFrame:
    """Return a frame without samples that says what others are."""
    ptr = allocate()
    ptr.format = shape.sample_fmt
    ptr.sample_rate = shape.sample_rate
    channel_layout.write(ptr, shape.channels)
    return ptr


def _allocated(shape: SoundShape, count: int) -> AVFrame:
    ptr = _template(shape)
    ptr.nb_samples = count
    check(avutil.av_frame_get_buffer(ptr, 0), f"cannot allocate {count} samples of sound")
    return ptr


def _said(shape: SoundShape) -> str:
    name = avutil.av_get_sample_fmt_name(shape.sample_fmt)
    fmt = ffi.string(name).decode() if name else f"format {shape.sample_fmt}"
    number, layout = shape.channels
    return f"{layout or f'{number} channels of'} {fmt} at {shape.sample_rate} Hz"
