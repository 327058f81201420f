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

from collections import deque
from collections.abc import Callable
from fractions import Fraction
from typing import Any

from ._av import encoder as native
from ._av import frame as frames
from ._av import scale
from ._av.decoder import default_threads
from ._av.picture import Picture
from ._pixels import Source, source_image
from ._runtime.pool import FramePool
from ._shape import FrameShape
from ._spec.color import (
    MATRIX,
    MATRIX_BY_CODE,
    PRIMARIES,
    PRIMARIES_BY_CODE,
    RGB_DEFAULT,
    TRANSFER,
    TRANSFER_BY_CODE,
    YUV_DEFAULT,
    ColorMembers,
)
from ._spec.color_space import VideoColorSpace
from ._spec.codec_string import CodecInfo, parse_codec
from ._spec.config import VideoDecoderConfig, VideoEncoderConfig
from ._spec.encoder_choice import (
    PixFmt,
    candidates,
    choose_format,
    device_of,
    wanted_samples,
)
from ._spec.encoder_clock import allowed_rate, frame_rate
from ._spec.encoder_levels import check_level
from ._spec.encoder_options import SCALABILITY_MODES, Request, translate
from ._spec.parameter_records import build_avcc, build_hvcc, with_lengths
from .encoded_video_chunk import EncodedVideoChunk
from .errors import NotSupportedError

_UNSPECIFIED = 2  # in all three tables of H.273
_ASSUMED: ColorMembers = YUV_DEFAULT
_MOST_BITRATE = 2**40


class Job:
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


class Plan:
    """A configuration, taken apart; raises NotSupportedError for what nobody could encode."""

    def __init__(self, config: VideoEncoderConfig) -> None:
        self.config = config
        self.info: CodecInfo = parse_codec(config.codec)
        self.wanted = wanted_samples(self.info)
        self.realtime = config.latency_mode == "realtime"
        self.extra: dict[str, str] = dict(config.encoder_options or {})  # type: ignore[arg-type]
        self.keep_alpha = config.alpha == "keep"
        self.layers = 1
        self.lengths = False
        self.repeat = False
        self._check()
        formats = {"avc": config.avc, "hevc": config.hevc}.get(self.info.family)
        if self.info.family in ("avc", "hevc"):
            annexb = getattr(formats, "format", None) == "annexb"
            self.lengths = not annexb
            self.repeat = annexb or self.info.entry in ("avc3", "hev1")
        self.threads = config.threads or default_threads()

    def _check(self) -> None:
        config, info = self.config, self.info
        if config.framerate is not None and not 0 < config.framerate <= 1e6:
            raise NotSupportedError(f"framerate {config.framerate:g} is not a rate to encode at")
        if config.bitrate is not None and config.bitrate > _MOST_BITRATE:
            raise NotSupportedError(f"{config.bitrate} bits per second are too many")
        if max(config.width, config.height) > 65535:
            raise NotSupportedError(f"{config.width}x{config.height} is too large")
        if config.scalability_mode is not None:
            if config.scalability_mode not in SCALABILITY_MODES:
                known = ", ".join(SCALABILITY_MODES)
                raise NotSupportedError(
                    f"scalability mode {config.scalability_mode!r} is not one of {known}"
                )
            self.layers = SCALABILITY_MODES[config.scalability_mode]
        check_level(info, config.width, config.height, config.framerate, config.bitrate)
        if info.family in ("avc", "hevc") and self.wanted.chroma is not None:
            for chroma in self.wanted.chroma:
                odd_width = chroma in ("420", "422") and config.width % 2
                odd_height = chroma == "420" and config.height % 2
                if odd_width or odd_height:
                    raise NotSupportedError(
                        f"{config.width}x{config.height}: {info.string} has 4:{chroma[1]}:{chroma[2]}"
                        " chroma, which needs even sizes"
                    )

    @property
    def aspect(self) -> Fraction | None:
        """The shape of a pixel, if the configuration says one."""
        config = self.config
        if config.display_width is None or config.display_height is None:
            return None
        return Fraction(config.display_width * config.height, config.display_height * config.width)

    def request(self, chroma: str, depth: int, rate: Fraction) -> Request:
        config = self.config
        return Request(
            self.info,
            config.width,
            config.height,
            float(rate),
            bitrate=config.bitrate,
            mode=config.bitrate_mode,
            realtime=self.realtime,
            layers=self.layers,
            alpha=self.keep_alpha,
            lengths=self.lengths,
            repeat=self.repeat,
            threads=self.threads,
            chroma=chroma,
            depth=depth,
        )


class Look:
    """How a frame looks to an encoder: its format, and its colours."""

    __slots__ = ("color", "format")

    def __init__(self, pix_fmt: str, color: ColorMembers) -> None:
        self.format = pix_fmt
        self.color = color

    @classmethod
    def of(cls, shape: FrameShape) -> Look:
        space = shape.color_space
        if shape.pix_fmt is None:
            name = shape.format.name if shape.format is not None else "unknown"
            raise NotSupportedError(f"libswscale has no {name}: it cannot be encoded")
        return cls(shape.pix_fmt, (space.primaries, space.transfer, space.matrix, space.full_range))


class Target:
    """What the encoder gets: FFmpeg's format and the colours of the samples."""

    __slots__ = ("color", "format")

    def __init__(self, format: PixFmt, color: ColorMembers) -> None:
        self.format = format
        self.color = color

    def key(self) -> tuple[Any, ...]:
        return self.format.name, self.color


def _opaque(pix_fmt: str, keep_alpha: bool) -> str:
    """Return the format with which the same planes are seen without alpha."""
    if keep_alpha:
        return pix_fmt
    if pix_fmt.startswith("yuva"):
        return pix_fmt.replace("yuva", "yuv")
    return {"rgba": "rgb0", "bgra": "bgr0"}.get(pix_fmt, pix_fmt)


def target_for(plan: Plan, codec: Any, look: Look) -> Target:
    """Return what `codec` is given for frames of this look.

    Raises
    ------
    NotSupportedError
        It takes nothing that the codec string allows.
    """
    seen = _opaque(look.format, plan.keep_alpha)
    source = native.describe(seen) or native.describe("yuv420p")
    assert source is not None
    names = native.formats_of(codec)
    if names is None:
        names = [seen]
    formats = [entry for entry in map(native.describe, names) if entry is not None]
    name = native.encoder_name(codec)
    if not formats and device_of(name) is not None:
        formats = [entry for entry in (native.describe("nv12"), native.describe("p010le")) if entry]
    chosen = choose_format(formats, source, plan.wanted, plan.keep_alpha)
    if chosen is None:
        raise NotSupportedError(_no_format(name, plan, names))
    return Target(chosen, _color_for(plan, name, chosen, source, look.color))


def _no_format(name: str, plan: Plan, names: list[str]) -> str:
    wanted = plan.wanted
    need = [f"4:{c[1]}:{c[2]}" for c in wanted.chroma or ()]
    if wanted.depths:
        need.append(" or ".join(map(str, wanted.depths)) + " bits")
    if plan.keep_alpha:
        need.append("alpha")
    return (
        f"{name} of this FFmpeg has no format for {plan.info.string} with {', '.join(need)}; "
        f"it takes {', '.join(names)}"
    )


def _color_for(
    plan: Plan, name: str, chosen: PixFmt, source: PixFmt, color: ColorMembers
) -> ColorMembers:
    if chosen.rgb:
        return color if source.rgb else (*RGB_DEFAULT[:2], "rgb", True)
    primaries, transfer, matrix, full_range = color
    if source.rgb:
        # The primaries and the curve stay, only the matrix is applied.
        primaries, transfer, matrix, full_range = YUV_DEFAULT
        if color[0] not in (None, "bt709"):
            primaries = color[0]
    if plan.info.color is not None and MATRIX_BY_CODE.get(plan.info.color[2]) not in (None, "rgb"):
        matrix = MATRIX_BY_CODE[plan.info.color[2]]
        if source.rgb or primaries is None:
            primaries = PRIMARIES_BY_CODE.get(plan.info.color[0], primaries)
        if source.rgb or transfer is None:
            transfer = TRANSFER_BY_CODE.get(plan.info.color[1], transfer)
    if plan.info.full_range is not None:
        full_range = plan.info.full_range
    if chosen.full_range or name in ("mjpeg", "ljpeg", "mjpeg_vaapi", "mjpeg_qsv"):
        # JPEG files have no say in it: they are BT.601 over the full range.
        matrix, full_range = "smpte170m", True
    if name in ("libwebp", "libwebp_anim"):
        matrix, full_range = "smpte170m", False
    if chosen.chroma == "400" and source.chroma != "400":
        full_range = bool(full_range)
    return primaries, transfer, matrix, full_range


def open_core(plan: Plan, codec: Any, target: Target, rate: Fraction) -> native.EncoderCore:
    """Open an encoder for such pictures; NotSupportedError says why it does not."""
    primaries, transfer, matrix, full_range = target.color
    picture = native.Picture(
        target.format.name,
        plan.config.width,
        plan.config.height,
        (
            _UNSPECIFIED if primaries is None else PRIMARIES[primaries],
            _UNSPECIFIED if transfer is None else TRANSFER[transfer],
            _UNSPECIFIED if matrix is None else MATRIX[matrix],
        ),
        full_range,
    )
    name = native.encoder_name(codec)
    rate = allowed_rate(name, rate)
    setup = translate(name, plan.request(target.format.chroma, target.format.depth, rate))
    return native.EncoderCore(
        codec, picture, rate, setup, plan.extra, aspect=plan.aspect, threads=plan.threads
    )


class Opened:
    """An encoder that works for a configuration, and what it was opened for."""

    __slots__ = ("codec", "core", "problem", "rate", "target")

    def __init__(
        self,
        codec: Any,
        core: native.EncoderCore,
        target: Target,
        rate: Fraction,
        problem: str | None,
    ) -> None:
        self.codec = codec
        self.core = core
        self.target = target
        self.rate = rate
        self.problem = problem


def open_best(plan: Plan, look: Look | None, rate: Fraction) -> Opened:
    """Open the first encoder that takes the configuration.

    Raises
    ------
    NotSupportedError
        None does; says why the best one does not.
    """
    if look is None:
        look = _assumed(plan)
    reasons: list[str] = []
    problems: list[str] = []
    names = candidates(plan.info, plan.config.hardware_acceleration, plan.realtime)
    for name in names:
        codec = native.find_encoder(name)
        if codec is None:
            continue
        try:
            target = target_for(plan, codec, look)
            core = open_core(plan, codec, target, rate)
        except NotSupportedError as error:
            (problems if device_of(name) else reasons).append(str(error))
            continue
        problem = "; ".join(problems) or "this FFmpeg has no hardware encoder for it"
        if plan.config.hardware_acceleration != "prefer-hardware" or device_of(name):
            problem = ""
        return Opened(codec, core, target, rate, problem or None)
    if reasons or problems:
        raise NotSupportedError("; ".join(reasons or problems))
    raise NotSupportedError(
        f"this FFmpeg has no encoder for {plan.info.string}: none of {', '.join(names)}; install a "
        "build of libavcodec that has one (Debian, Ubuntu: libavcodec-extra)"
    )


def _assumed(plan: Plan) -> Look:
    chroma = (plan.wanted.chroma or ("420",))[0]
    depth = (plan.wanted.depths or (8,))[0]
    alpha = "a" if plan.keep_alpha else ""
    name = f"yuv{alpha}{chroma}p" + ("" if depth == 8 else f"{depth}le")
    return Look(name if native.describe(name) else "yuv420p", _ASSUMED)


class EncoderStatus:
    """Which encoder runs, where, and why not on hardware; written by the worker."""

    __slots__ = ("device", "encoder", "problem")

    def __init__(self) -> None:
        self.encoder: str | None = None
        self.device: str | None = None
        self.problem: str | None = None


class EncoderDriver:
    """Runs an `EncoderCore` for an engine.

    `describe` makes the metadata of an output: decoder configuration, temporal layer, alpha.
    """

    def __init__(
        self,
        status: EncoderStatus,
        describe: Callable[[VideoDecoderConfig | None, int | None, bytes | None], Any],
    ) -> None:
        self._status = status
        self._describe = describe
        self._plan: Plan | None = None
        self._opened: Opened | None = None
        self._is_fresh = False  # opened for assumed pictures, no frame seen
        self._old: native.EncoderCore | None = None  # gives its last packets
        self._emitted: VideoDecoderConfig | None = None
        self._orientation = (0, False)
        self._count = 0  # frames since the pattern of temporal layers began
        self._places: deque[int] = deque()  # of the frames that are inside, in the pattern

    # ---- Driver ----------------------------------------------------------------------------------

    @property
    def is_open(self) -> bool:
        return self._plan is not None

    def open(self, config: Any) -> None:
        before, self._plan = self._plan, None
        plan = Plan(config)
        opened = self._opened
        unchanged = (
            before is not None
            and before.config == config
            and opened is not None
            and not opened.core.ended
        )
        if not unchanged:
            self._release()
            self._opened = open_best(plan, None, frame_rate(config.framerate, None))
            self._is_fresh = True
            self._tell()
        self._plan = plan
        self._orientation = (0, False)

    def send(self, job: Job) -> None:
        plan, opened = self._plan, self._opened
        if plan is None or opened is None:
            return
        core = self._ready(plan, opened, job)
        frame = self._fit(plan, core, job)
        if core.setup.layer_pattern is not None:
            if job.key:
                self._count = 0  # FFmpeg begins the pattern anew
            self._places.append(self._count)
            self._count += 1
        core.send(frame, job.timestamp, job.duration, key=job.key, quantizer=job.quantizer)

    def receive(self) -> Any:
        opened = self._opened
        if opened is None or self._plan is None:
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
        self._plan = None
        self._emitted = None

    def wrap(self, raw: Any, pool: FramePool, output: Callable[..., object]) -> tuple[Any, ...]:
        made, metadata = raw
        chunk = EncodedVideoChunk._from_native(made.ptr, made.key, made.timestamp, made.duration)
        return chunk, metadata

    def stalled(self, pool: FramePool, queued: int) -> Exception:
        raise AssertionError("an encoder's pool has no limit")

    # ---- in -------------------------------------------------------------------------------------

    def _release(self) -> None:
        self._places.clear()
        self._count = 0
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
                import logging  # only here: it costs an import

                logging.getLogger("ffwebcodecs").warning(
                    "encoding with %s: %s", opened.core.name, opened.problem
                )

    def _ready(self, plan: Plan, opened: Opened, job: Job) -> native.EncoderCore:
        """Return an encoder that takes a frame now."""
        if self._is_fresh:
            self._is_fresh = False
            self._orientation = job.shape.rotation, job.shape.flip
            rate = frame_rate(plan.config.framerate, job.duration)
            look = Look.of(job.shape)
            target = target_for(plan, opened.codec, look)
            if target.key() != opened.target.key() or rate != opened.rate:
                self._release()
                opened = self._opened = open_best(plan, look, rate)
                self._tell()
        elif opened.core.ended or (job.key and not opened.core.setup.can_force_key):
            opened.core.drain()
            if not opened.core.ended:
                opened.core.close()
            else:
                self._old = opened.core
            opened.core = open_core(plan, opened.codec, opened.target, opened.rate)
            self._count = 0
        return opened.core

    def _fit(self, plan: Plan, core: native.EncoderCore, job: Job) -> Any:
        """Return the frame as the encoder takes it: the same memory where that is possible."""
        shape, ptr = job.shape, job.picture.ptr
        region = shape.visible_rect
        assert region is not None and self._opened is not None
        target = self._opened.target
        look = Look.of(shape)
        width, height = plan.config.width, plan.config.height
        same_format = target.format.name in (look.format, _opaque(look.format, plan.keep_alpha))
        if same_format and (region.width, region.height) == (width, height):
            if _same_colors(look.color, target.color):
                planes, strides = frames.region(ptr, look.format, region.x, region.y)
                geometry = frames.geometry(target.format.name)
                planes, strides = planes[: len(geometry)], strides[: len(geometry)]
                sizes = [
                    stride * (-(-height // sub_y) - 1) + -(-width // sub_x) * step
                    for stride, (sub_x, sub_y, step) in zip(strides, geometry, strict=True)
                ]
                if core.accepts_memory(ptr, planes, sizes):
                    return self._tagged(
                        native.borrow(ptr, target.format.name, width, height, planes, strides),
                        core,
                    )
        frame = native.blank(target.format.name, width, height)
        primaries, transfer, matrix, full_range = target.color
        planes, strides = frames.region(frame, target.format.name, 0, 0)
        scale.convert(
            source_image(Source(ptr, shape, region)),
            scale.Image(
                planes,
                strides,
                target.format.name,
                width,
                height,
                matrix=matrix,
                full_range=full_range,
                primaries=primaries,
                transfer=transfer,
            ),
        )
        return self._tagged(frame, core)

    def _tagged(self, frame: Any, core: native.EncoderCore) -> Any:
        picture = core.picture
        frames.tag(frame, 0, *picture.color, picture.full_range)
        return frame

    # ---- out -------------------------------------------------------------------------------------

    def _wrapped(self, core: native.EncoderCore, output: native.Output) -> Any:
        plan = self._plan
        assert plan is not None
        if plan.lengths and not core.setup.writes_lengths:
            output.ptr = native.replace_data(output.ptr, with_lengths(native.bytes_of(output.ptr)))
        layer: int | None = None
        pattern = core.setup.layer_pattern
        if pattern is not None:
            # After a key frame the base layer builds on it, wherever it came in the pattern.
            layer = pattern[self._places.popleft() % len(pattern)] if self._places else 0
            layer = 0 if output.key else layer
        config = self._decoder_config(plan, core) if output.key or self._emitted is None else None
        if config is not None and _same_config(config, self._emitted):
            config = None
        if config is not None:
            self._emitted = config
        alpha = native.side_data_of(output.ptr) if plan.keep_alpha else None
        return output, self._describe(config, layer, alpha)

    def _decoder_config(self, plan: Plan, core: native.EncoderCore) -> VideoDecoderConfig:
        config, info = plan.config, plan.info
        codec, description = info.string, None
        if plan.lengths:
            if info.family == "avc":
                description = build_avcc(core.extradata)
            else:
                description = build_hvcc(core.extradata, complete=not plan.repeat)
        elif info.family == "ffmpeg":
            assert self._opened is not None
            codec = f"ffmpeg:{native.coded_as(self._opened.codec)}"
            description = core.extradata or None
        assert self._opened is not None
        primaries, transfer, matrix, full_range = self._opened.target.color
        rotation, flip = self._orientation
        aspect = config.display_width is not None and config.display_height is not None
        return VideoDecoderConfig(
            codec=codec,
            description=description,
            coded_width=config.width,
            coded_height=config.height,
            display_aspect_width=config.display_width if aspect else None,
            display_aspect_height=config.display_height if aspect else None,
            color_space=VideoColorSpace(
                primaries=primaries, transfer=transfer, matrix=matrix, full_range=full_range
            ),
            rotation=rotation,
            flip=flip,
        )


def _same_colors(have: ColorMembers, want: ColorMembers) -> bool:
    """Tell whether samples need no conversion; what is not said is BT.709, limited range."""
    return (have[2] or "bt709") == (want[2] or "bt709") and bool(have[3]) == bool(want[3])


def _same_config(one: VideoDecoderConfig, other: VideoDecoderConfig | None) -> bool:
    return other is not None and one == other
