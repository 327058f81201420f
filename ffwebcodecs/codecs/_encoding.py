"""What a VideoEncoder's worker runs: an encoder is chosen, frames are fitted to it, packets become
chunks.

Theory of operation. A configuration is tried at once with the pictures that are most likely (I420,
BT.709), so that one that cannot work says so. The encoder that then works is the one for the first
frame, if that has just such pictures; else it is opened anew, for pictures as the frame has them,
because they decide what can be encoded without a copy and what the stream says about its colours.
Later frames are fitted to the first one. After a flush the encoder is opened anew when the next
frame comes: few of FFmpeg's encoders can go on after they have been drained.
"""

from __future__ import annotations

import time
from collections import deque
from itertools import islice, takewhile
from typing import Any

from .._av import forked, pump
from .._av.codecs import encoder as native
from .._av.codecs import encoder_run, packet
from .._av.codecs.encoder_formats import coded_as
from .._av.codecs.encoder_pictures import InputFormat, side_data_of
from .._av.frames.picture import Picture
from .._spec.codecs import families
from .._spec.codecs.config import VideoDecoderConfig
from .._spec.codecs.nal import with_lengths
from .._spec.encoders.choice import device_of
from .._spec.encoders.clock import allowed_rate, frame_rate
from .._spec.encoders.light import Light
from .._spec.frames.color_space import from_members
from ..frames._shape import FrameShape
from ._encoder_input import Configuration, Opened, input_for, open_best
from ._fit import FrameLook
from .encoded_video_chunk import EncodedVideoChunk
from .encoded_video_chunk_metadata import EncodedVideoChunkMetadata, SvcOutputMetadata


class PendingFrame:
    """One frame on its way to the encoder; holds the picture."""

    __slots__ = ("duration", "key", "picture", "quantizer", "shape", "timestamp")

    def __init__(
        self,
        picture: Picture,
        shape: FrameShape,
        timestamp: int,
        duration: int | None,
        key: bool,
        quantizer: int | None,
    ) -> None:
        self.picture = picture
        self.shape = shape
        self.timestamp = timestamp
        self.duration = duration
        self.key = key
        self.quantizer = quantizer


class EncoderStatus:
    """Which encoder runs, where, and why not on hardware; written by the worker."""

    __slots__ = ("device", "encoder", "problem")

    def __init__(self) -> None:
        self.encoder: str | None = None
        self.device: str | None = None
        self.problem: str | None = None


Output = tuple[EncodedVideoChunk, EncodedVideoChunkMetadata]
_NOTHING_MORE = EncodedVideoChunkMetadata()  # of most chunks


class EncoderDriver:
    """Runs an `EncoderCore` for an engine. An output is a chunk and its metadata.

    `reorders` and `holds_colors` are those of `Configuration`.
    """

    most = encoder_run.MOST

    def __init__(
        self, status: EncoderStatus, *, reorders: bool = False, holds_colors: bool | None = None
    ) -> None:
        self._status = status
        self._reorders = reorders
        self.light: Light | None = None  # of `Configuration`, before it is opened
        self.frames: int | None = None  # the same
        self._holds_colors = holds_colors
        self._configuration: Configuration | None = None
        self._opened: Opened | None = None
        self._is_fresh = False  # opened for assumed pictures, no frame seen
        self._old: native.EncoderCore | None = None  # gives its last packets
        self._emitted: VideoDecoderConfig | None = None
        self._orientation = (0, False)
        self._awaits_first = True
        self._described: native.EncoderCore | None = None  # the last one whose configuration is out
        self._count = 0  # frames since the pattern of temporal layers began
        self._places: deque[int] = deque()  # of the frames that are inside, in the pattern
        self._room = 1  # frames of the next step

    # ---- Driver ----------------------------------------------------------------------------------

    def open(self, config: Any) -> None:
        before, self._configuration = self._configuration, None
        configuration = Configuration(
            config,
            reorders=self._reorders,
            light=self.light,
            holds_colors=self._holds_colors,
            frames=self.frames,
        )
        opened = self._opened
        unchanged = (
            before is not None
            and before.config == config
            and opened is not None
            and not opened.core.ended
        )
        if not unchanged:
            self._release()
            self._opened = open_best(configuration, None, frame_rate(config.framerate, None))
            self._is_fresh = True
            self._tell()
        self._configuration = configuration
        self._awaits_first = True
        self._described = None

    def send(self, pending: PendingFrame) -> None:
        configuration, opened = self._configuration, self._opened
        if configuration is None or opened is None:
            return
        opened = self._ready(configuration, opened, pending)
        core = opened.core
        frame = opened.fit.frame_of(pending.picture, pending.shape)
        if core.setup.layer_pattern is not None:
            if pending.key:
                self._count = 0  # FFmpeg begins the pattern anew
            self._places.append(self._count)
            self._count += 1
        core.send(
            frame, pending.timestamp, pending.duration, key=pending.key, quantizer=pending.quantizer
        )

    def run_batch(self, frames: deque[PendingFrame], outputs: deque[Output]) -> None:
        """Send the first ones, for about as long as `pump.TIME`, and receive what is there after
        each.
        """
        begin = time.perf_counter()
        while frames:
            count = self._run_plain(frames, outputs)
            if not count:
                self.send(frames.popleft())
                while (output := self.receive()) is not None:
                    outputs.append(output)
            took = (time.perf_counter() - begin) * 1e6
            if count:
                self._room = min(2 * count, self.most, max(1, int(count * pump.TIME / (took + 1))))
            if took > pump.TIME:
                return

    def _run_plain(self, frames: deque[PendingFrame], outputs: deque[Output]) -> int:
        """Run the first frames in one step as far as nothing is special about them; return how many
        they were.
        """
        opened = self._opened
        if opened is None or self._old is not None or self._is_fresh or self._awaits_first:
            return 0
        core, fit = opened.core, opened.fit
        if not core.can_run or core.setup.layer_pattern is not None:
            return 0
        can_force = core.setup.can_force_key
        some = list(
            takewhile(
                lambda one: fit.is_same(one.shape) and (can_force or not one.key),
                islice(frames, self._room),
            )
        )
        if not some:
            return 0
        given = [(one.picture.frame, one.timestamp, one.duration, one.key, False) for one in some]
        try:
            found, done, problem = core.run(
                given, lambda index: fit.frame_of(some[index].picture, some[index].shape)
            )
            outputs.extend(self._wrapped_each(core, found))
            for _ in range(done if problem is None else done + 1):
                frames.popleft()
            if problem is not None:
                raise problem
            return done
        finally:
            # What is raised keeps this function's variables.
            some.clear()
            given.clear()
            problem = None

    @property
    def rate(self) -> float:
        """Frames per second of the encoder, 0 before it is open."""
        opened = self._opened
        return 0.0 if opened is None else float(allowed_rate(opened.core.name, opened.rate))

    @property
    def delay(self) -> int:
        """By how many pictures the encoder reorders, as far as it says."""
        return 0 if self._opened is None else self._opened.core.delay

    def hold(self, timestamp: int, duration: int) -> None:
        """Show the last frame, which was sent with this timestamp, for so long."""
        if self._opened is not None:
            self._opened.core.hold(timestamp, duration)

    @property
    def input(self) -> InputFormat | None:
        """What the encoder is given, once there was a frame."""
        return None if self._opened is None else self._opened.core.input

    def receive(self) -> Output | None:
        opened = self._opened
        if opened is None or self._configuration is None:
            return None
        old = self._old
        if old is not None:
            output = old.receive()
            if output is not None:
                return self._wrapped(old, output)
            old.close()
            self._old = None
        output = opened.core.receive()
        return None if output is None else self._wrapped(opened.core, output)

    def drain(self) -> None:
        if self._opened is not None:
            self._opened.core.drain()

    def restart(self) -> None:
        # What was drained is opened anew by the next frame.
        return

    def close(self) -> None:
        self._release()
        self._configuration = None
        self._emitted = None

    # ---- in -------------------------------------------------------------------------------------

    def _release(self) -> None:
        self._places.clear()
        self._count = 0
        self._described = None
        opened, self._opened = self._opened, None
        old, self._old = self._old, None
        for core in (opened.core if opened is not None else None, old):
            if core is not None:
                core.close()

    def _tell(self) -> None:
        opened, status = self._opened, self._status
        if opened is None:
            return
        status.encoder = opened.core.name
        status.device = device_of(opened.core.name)
        if opened.problem != status.problem:
            status.problem = opened.problem
            if opened.problem is not None:
                with forked.opening:
                    import logging  # only here: it costs an import

                logging.getLogger("ffwebcodecs").warning(
                    "encoding with %s: %s", opened.core.name, opened.problem
                )

    def _ready(self, configuration: Configuration, opened: Opened, pending: PendingFrame) -> Opened:
        """Return an encoder that takes a frame now."""
        if self._awaits_first:
            self._awaits_first = False
            self._orientation = pending.shape.rotation, pending.shape.flip
        if self._is_fresh:
            self._is_fresh = False
            rate = frame_rate(configuration.config.framerate, pending.duration)
            look = FrameLook.of(pending.shape)
            wanted = input_for(configuration, opened.codec_ptr, look)
            if wanted != opened.core.input or rate != opened.rate:
                self._release()
                opened = self._opened = open_best(configuration, look, rate)
                self._tell()
        elif opened.core.ended or (pending.key and not opened.core.setup.can_force_key):
            opened.core.drain()
            if not opened.core.ended:
                opened.core.close()
            else:
                self._old = opened.core
            opened.reopen(configuration)
            self._count = 0
        return opened

    # ---- out -------------------------------------------------------------------------------------

    def _wrapped_each(self, core: native.EncoderCore, found: list[native.Output]) -> list[Output]:
        configuration, setup = self._configuration, core.setup
        assert configuration is not None
        outputs = []
        if found and self._described is not core:
            outputs.append(self._wrapped(core, found.pop(0)))
        is_changed = configuration.lengths and not setup.writes_lengths
        if is_changed or configuration.keep_alpha or setup.layer_pattern is not None:
            return outputs + [self._wrapped(core, one) for one in found]
        chunk_of = EncodedVideoChunk._from_native
        return outputs + [(chunk_of(*one), _NOTHING_MORE) for one in found]

    def _wrapped(self, core: native.EncoderCore, output: native.Output) -> Output:
        configuration = self._configuration
        assert configuration is not None
        coded, key, timestamp, duration = output
        if configuration.lengths and not core.setup.writes_lengths:
            ptr = packet.pointer_of(coded)
            coded = packet.replace_data(ptr, with_lengths(packet.view(ptr)))
        layer: int | None = None
        pattern = core.setup.layer_pattern
        if pattern is not None:
            # After a key frame the base layer builds on it, wherever it came in the pattern.
            layer = pattern[self._places.popleft() % len(pattern)] if self._places else 0
            layer = 0 if key else layer
        config = None
        if self._described is not core:
            # It is the first packet, which may bring the headers: later ones change nothing.
            self._described = core
            config = self._decoder_config(configuration, core)
            if config == self._emitted:
                config = None
            else:
                self._emitted = config
        alpha = side_data_of(packet.pointer_of(coded)) if configuration.keep_alpha else None
        chunk = EncodedVideoChunk._from_native(coded, key, timestamp, duration)
        if config is None and layer is None and alpha is None:
            return chunk, _NOTHING_MORE
        svc = None if layer is None else SvcOutputMetadata(layer)
        return chunk, EncodedVideoChunkMetadata(config, svc, alpha)

    def _decoder_config(
        self, configuration: Configuration, core: native.EncoderCore
    ) -> VideoDecoderConfig:
        config, info = configuration.config, configuration.info
        codec, description = info.string, None
        family = families.of(info)
        if configuration.lengths or not family.HAS_LENGTHS:
            description = family.description_of(core.extradata, complete=not configuration.repeat)
        assert self._opened is not None
        if info.is_ffmpeg:
            codec = f"ffmpeg:{coded_as(self._opened.codec_ptr)}"
        rotation, flip = self._orientation
        aspect = config.display_width is not None and config.display_height is not None
        return VideoDecoderConfig(
            codec=codec,
            description=description,
            coded_width=config.width,
            coded_height=config.height,
            display_aspect_width=config.display_width if aspect else None,
            display_aspect_height=config.display_height if aspect else None,
            color_space=from_members(core.input.color),
            rotation=rotation,
            flip=flip,
            _native=core.parameters() if info.is_ffmpeg else None,
        )
