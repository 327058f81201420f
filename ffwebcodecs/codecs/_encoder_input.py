"""How a configuration is encoded: which of FFmpeg's encoders, given which pictures.

A `Configuration`, with how a frame looks, gives the `InputFormat` that an encoder takes;
`open_best` goes through the encoders until one opens.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import TYPE_CHECKING

from .._av.codecs import encoder as native
from .._av.codecs.encoder_formats import coded_as, encoder_name, find_encoder, formats_of
from .._av.codecs.encoder_pictures import InputFormat
from .._av.frames.pixel_format import describe
from .._spec.codecs import families
from .._spec.codecs.encoder_config import VideoEncoderConfig
from .._spec.codecs.ffmpeg import require_bytes
from .._spec.codecs.strings import CodecInfo, parse_codec
from .._spec.encoders.choice import (
    FIXED_MATRIX,
    INDEXED,
    allowed,
    candidates,
    choose_format,
    device_of,
    fixed_colors,
    wanted_samples,
)
from .._spec.encoders.clock import allowed_rate
from .._spec.encoders.file_colors import written_matrix
from .._spec.encoders.key_frames import names_interval
from .._spec.encoders.levels import check_level
from .._spec.encoders.light import Light
from .._spec.encoders.options import SCALABILITY_MODES, names_b_frames, translate
from .._spec.encoders.request import Request
from .._spec.frames.color import RGB_DEFAULT, YUV_DEFAULT, ColorMembers, names_of
from .._spec.frames.pix_fmt import PixFmt
from .._spec.frames.pixel_aspect import pixel_aspect
from ..errors import NotSupportedError
from ._fit import Fit, FrameLook, opaque

if TYPE_CHECKING:
    from .._ffi._types import AVCodec

_ASSUMED: ColorMembers = YUV_DEFAULT
_MOST_BITRATE = 2**40
_PIXEL_FORMAT = ("pixel_format", "pix_fmt")  # FFmpeg's option, and what its program calls it


def _pixel_format(options: Mapping[str, object]) -> str | None:
    return next((str(options[key]) for key in _PIXEL_FORMAT if key in options), None)


def named_format(options: Mapping[str, object] | None) -> PixFmt | None:
    """Return the pixel format that encoder options ask for, None if they name none, or one that
    this FFmpeg lacks.
    """
    name = _pixel_format(options or {})
    return None if name is None else describe(name)


def taken_by(info: CodecInfo) -> tuple[str, list[str] | None]:
    """Return FFmpeg's name of what a codec string's best encoder here writes, and the pixel formats
    that it takes, None: any. Without an encoder there are none.
    """
    for name in candidates(info, "prefer-software", False):
        codec_ptr = find_encoder(name)
        if codec_ptr is not None:
            return coded_as(codec_ptr), formats_of(codec_ptr)
    return info.name, []


class Configuration:
    """A configuration, taken apart; raises NotSupportedError for what nobody could encode.

    With `reorders` the encoder may write B-frames where it likes; else, as in browsers, only if its
    own options name them: who gets chunks expects them in the order of the frames. `light` is what
    the bitstream is to say of HDR pictures, where the encoder can. `holds_colors` says of a file
    whether its container says colours: then the matrix is one that readers of the file know. None:
    the chunks' configuration tells it, and what browsers encode stays as it is. `frames` is how
    many come, nearly, of a piece of a film: key frames are spread evenly over them.
    """

    def __init__(
        self,
        config: VideoEncoderConfig,
        *,
        reorders: bool = False,
        light: Light | None = None,
        holds_colors: bool | None = None,
        frames: int | None = None,
    ) -> None:
        self.config = config
        self.light = light
        self.frames = frames
        self.holds_colors = holds_colors
        self.info: CodecInfo = parse_codec(config.codec)
        require_bytes(self.info.name)
        self.wanted = wanted_samples(self.info)
        self.realtime = config.latency_mode == "realtime"
        self.extra: dict[str, str] = dict(config.encoder_options or {})  # type: ignore[arg-type]
        # Decided here, not in the encoder, which must not believe in other pictures than it gets.
        self.pixel_format = _pixel_format(self.extra)
        for key in _PIXEL_FORMAT:
            self.extra.pop(key, None)
        self.reorders = reorders or names_b_frames(self.extra)
        self.keep_alpha = config.alpha == "keep"
        self.layers = 1
        self.lengths = False
        self.repeat = False
        self._check()
        family = families.of(self.info)
        if family.HAS_LENGTHS:
            annexb = getattr(getattr(config, family.NAME), "format", None) == "annexb"
            self.lengths = not annexb
            self.repeat = annexb or self.info.entry == family.IN_STREAM
        self.threads = config.threads or 0  # 0: as many as the encoder likes

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
        if families.of(info).EVEN_SIZES and self.wanted.chroma is not None:
            for chroma in self.wanted.chroma:
                odd_width = chroma in ("420", "422") and config.width % 2
                odd_height = chroma == "420" and config.height % 2
                if odd_width or odd_height:
                    raise NotSupportedError(
                        f"{config.width}x{config.height}: {info.string} has "
                        f"4:{chroma[1]}:{chroma[2]} chroma, which needs even sizes"
                    )

    @property
    def aspect(self) -> Fraction | None:
        """The shape of a pixel, if the configuration says one."""
        config = self.config
        if config.display_width is None or config.display_height is None:
            return None
        return pixel_aspect(
            config.display_width, config.display_height, config.width, config.height
        )

    def request(self, pix_fmt: str, rate: Fraction) -> Request:
        """Return what to ask an encoder for that is given pictures of this format."""
        config, format = self.config, describe(pix_fmt)
        assert format is not None
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
            reorders=self.reorders,
            screen_content=bool(getattr(config.av1, "force_screen_content_tools", False)),
            threads=self.threads,
            chroma=format.chroma,
            depth=format.depth,
            light=self.light,
            frames=None if names_interval(self.extra) else self.frames,
        )


def input_for(configuration: Configuration, codec_ptr: AVCodec, look: FrameLook) -> InputFormat:
    """Return what `codec` is given for frames of this look.

    Raises
    ------
    NotSupportedError
        It takes nothing that the codec string allows.
    """
    seen = opaque(look.format, configuration.keep_alpha)
    source = describe(seen) or describe("yuv420p")
    assert source is not None
    names = formats_of(codec_ptr)
    if names is None:
        names = [configuration.pixel_format or ("rgba" if source.palette else seen)]
    formats = [entry for entry in map(describe, names) if entry is not None]
    name = encoder_name(codec_ptr)
    if not formats and device_of(name) is not None:
        formats = [entry for entry in (describe("nv12"), describe("p010le")) if entry]
    has_own_palette = name in INDEXED
    if configuration.pixel_format is None and has_own_palette:
        chosen = describe("pal8")
    elif configuration.pixel_format is None:
        chosen = choose_format(formats, source, configuration.wanted, configuration.keep_alpha)
    else:
        chosen = _named_format(configuration, name, formats)
    if chosen is None:
        raise NotSupportedError(_no_format(name, configuration, names))
    config, holds = configuration.config, configuration.holds_colors
    color = _color_for(configuration.info, name, chosen, source, look.color)
    if not chosen.rgb and name not in FIXED_MATRIX:
        matrix = written_matrix(coded_as(codec_ptr), config.height, holds, color[2])
        color = color[0], color[1], matrix, color[3]
    return InputFormat(chosen.name, config.width, config.height, color)


def _named_format(configuration: Configuration, name: str, formats: list[PixFmt]) -> PixFmt:
    """Return the format that the caller named, if the encoder and the codec string admit it."""
    wanted = configuration.pixel_format
    possible = [entry for entry in formats if not entry.palette or name in INDEXED]
    found = next((entry for entry in possible if entry.name == wanted), None)
    if found is None:
        known = ", ".join(entry.name for entry in possible) or "no format that frames can have"
        raise NotSupportedError(f"{name} does not take pixel_format {wanted!r}; it takes {known}")
    if not allowed(found, configuration.wanted) or (configuration.keep_alpha and not found.alpha):
        raise NotSupportedError(
            f"pixel_format {wanted!r} is not what codec {configuration.info.string!r} with "
            f"alpha={configuration.config.alpha!r} means"
        )
    return found


def _no_format(name: str, configuration: Configuration, names: list[str]) -> str:
    wanted = configuration.wanted
    need = [f"4:{c[1]}:{c[2]}" for c in wanted.chroma or ()]
    if wanted.depths:
        need.append(" or ".join(map(str, wanted.depths)) + " bits")
    if configuration.keep_alpha:
        need.append("alpha")
    return (
        f"{name} of this FFmpeg has no format for {configuration.info.string} with "
        f"{', '.join(need)}; it takes {', '.join(names)}"
    )


def _color_for(
    info: CodecInfo, name: str, chosen: PixFmt, source: PixFmt, color: ColorMembers
) -> ColorMembers:
    if chosen.rgb:
        return color if source.rgb else (*RGB_DEFAULT[:2], "rgb", True)
    primaries, transfer, matrix, full_range = color
    if source.rgb:
        # The primaries and the curve stay, only the matrix is applied.
        primaries, transfer, matrix, full_range = YUV_DEFAULT
        primaries = color[0] or primaries
        if color[1] in ("linear", "pq", "hlg"):  # the others are one curve, as for browsers
            transfer = color[1]
    named = names_of(*info.color) if info.color is not None else (None, None, None)
    if named[2] not in (None, "rgb"):
        matrix = named[2]
        if source.rgb or primaries is None:
            primaries = named[0] or primaries
        if source.rgb or transfer is None:
            transfer = named[1] or transfer
    if info.full_range is not None:
        full_range = info.full_range
    matrix, full_range = fixed_colors(name, chosen, matrix, full_range)
    if chosen.chroma == "400" and source.chroma != "400":
        full_range = bool(full_range)
    return primaries, transfer, matrix, full_range


def open_core(
    configuration: Configuration, codec_ptr: AVCodec, wanted: InputFormat, rate: Fraction
) -> native.EncoderCore:
    """Open an encoder for such pictures; NotSupportedError says why it does not."""
    name = encoder_name(codec_ptr)
    rate = allowed_rate(name, rate)
    setup = translate(name, configuration.request(wanted.pix_fmt, rate))
    return native.EncoderCore(
        codec_ptr,
        wanted,
        rate,
        setup,
        configuration.extra,
        aspect=configuration.aspect,
        threads=configuration.threads,
    )


class Opened:
    """An encoder that works for a configuration, how frames are fitted to it, and the rate that it
    was opened for.
    """

    __slots__ = ("codec_ptr", "core", "fit", "problem", "rate")

    def __init__(
        self,
        codec_ptr: AVCodec,
        core: native.EncoderCore,
        fit: Fit,
        rate: Fraction,
        problem: str | None,
    ) -> None:
        self.codec_ptr = codec_ptr
        self.core = core
        self.fit = fit
        self.rate = rate
        self.problem = problem

    def reopen(self, configuration: Configuration) -> None:
        """Open the same encoder anew, for the same pictures; the one before is the caller's."""
        self.core = open_core(configuration, self.codec_ptr, self.core.input, self.rate)
        self.fit = Fit(self.core, configuration.keep_alpha)


def open_best(configuration: Configuration, look: FrameLook | None, rate: Fraction) -> Opened:
    """Open the first encoder that takes the configuration.

    Raises
    ------
    NotSupportedError
        None does; says why the best one does not.
    """
    if look is None:
        look = _assumed(configuration)
    reasons: list[str] = []
    problems: list[str] = []
    preference = configuration.config.hardware_acceleration
    names = candidates(configuration.info, preference, configuration.realtime)
    for name in names:
        codec_ptr = find_encoder(name)
        if codec_ptr is None:
            continue
        try:
            wanted = input_for(configuration, codec_ptr, look)
            core = open_core(configuration, codec_ptr, wanted, rate)
        except NotSupportedError as error:
            (problems if device_of(name) else reasons).append(str(error))
            continue
        problem = "; ".join(problems) or "this FFmpeg has no hardware encoder for it"
        if preference != "prefer-hardware" or device_of(name):
            problem = ""
        return Opened(codec_ptr, core, Fit(core, configuration.keep_alpha), rate, problem or None)
    if reasons or problems:
        raise NotSupportedError("; ".join(reasons or problems))
    raise NotSupportedError(
        f"this FFmpeg has no encoder for {configuration.info.string}: none of {', '.join(names)}; "
        "install a build of libavcodec that has one (Debian, Ubuntu: libavcodec-extra)"
    )


def _assumed(configuration: Configuration) -> FrameLook:
    chroma = (configuration.wanted.chroma or ("420",))[0]
    depth = (configuration.wanted.depths or (8,))[0]
    alpha = "a" if configuration.keep_alpha else ""
    name = f"yuv{alpha}{chroma}p" + ("" if depth == 8 else f"{depth}le")
    return FrameLook(name if describe(name) else "yuv420p", _ASSUMED)
