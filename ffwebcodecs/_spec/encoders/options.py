"""A request in WebCodecs' words, translated into each encoder's options.

An option that only tunes is dropped where the installed release lacks it; one that the request
depends on is listed in `Setup.needed`, and its absence makes the request unsupported.
"""

from __future__ import annotations

from ...errors import NotSupportedError
from ..codecs.strings import CodecInfo
from .light import Light
from .request import Request, Setup

TYPE_CHECKING = False  # typing's own costs an import
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

# Their encoders take no quantizer for each frame, but one quality for all: their option "crf".
_ONE_QUALITY = frozenset(("vp8", "vp9", "av1"))
QUANTIZER_BASE = 26  # of libx264 and libx265: the quantizer of a frame that names none
_QUANTIZER_MOST = {"libx264": 51, "libx265": 51}
_QSCALE = frozenset(
    (
        *("mjpeg", "mpeg4", "mpeg2video", "mpeg1video", "h263", "h263p", "h261", "flv"),
        *("msmpeg4", "msmpeg4v2", "msmpeg4v3", "wmv1", "wmv2", "libxvid", "speedhq"),
    )
)
# Deaf to a frame's picture type: for a key frame they are opened anew.
_NO_KEY_FRAMES = frozenset(
    (
        *(
            "apng",
            "cinepak",
            "ffv1",
            "flashsv2",
            "gif",
            "libtheora",
            "msvideo1",
            "qtrle",
            "roqvideo",
        ),
        *("rpza", "snow", "svq1", "vc2", "zmbv"),
    )
)
_DEFAULT_QSCALE = 3
_THEORA_QUALITY = 7  # of 10, which is best
_HEVC_LEVEL_5 = 150
_LARGE = 1920 * 1080  # pixels from which on frames that wait in an encoder are counted
_AVC_PROFILES = {66: "baseline", 77: "main", 100: "high", 110: "high10", 122: "high422"} | {
    244: "high444"
}
_VP8_EFFORT, _VP9_EFFORT, _AOM_EFFORT, _SVT_PRESET, _RAV1E_SPEED = 2, 4, 6, 8, 8
# Patterns of libvpx's own (FFmpeg's ts_layering_mode), and the layer of each frame of a period.
_LAYERS: dict[int, tuple[str, tuple[int, ...]]] = {
    2: ("ts_rate_decimator=2,1:ts_periodicity=2:ts_layer_id=0,1:ts_layering_mode=2", (0, 1)),
    3: (
        "ts_rate_decimator=4,2,1:ts_periodicity=4:ts_layer_id=0,2,1,2:ts_layering_mode=3",
        (0, 2, 1, 2),
    ),
}
_LAYER_SHARES = {2: (0.6, 1.0), 3: (0.4, 0.6, 1.0)}
SCALABILITY_MODES = {"L1T1": 1, "L1T2": 2, "L1T3": 3}


def quantizer_range(encoder: str) -> tuple[int, int] | None:
    """Return the lowest and highest quantizer of a frame, None if the encoder takes none."""
    if encoder in _QUANTIZER_MOST:
        return 0, _QUANTIZER_MOST[encoder]
    return (1, 31) if encoder in _QSCALE else None


def has_one_quality(info: CodecInfo) -> bool:
    """Tell whether a quantizer is for the whole stream, as the encoder's option "crf"."""
    return info.family in _ONE_QUALITY


# What makes an encoder write pictures in another order than they are shown in, by any name.
_B_FRAMES = frozenset(("bf", "bframes", "b-frames", "max-b-frames"))


def names_b_frames(options: Mapping[str, str]) -> bool:
    """Tell whether an encoder's own options say how many B-frames there are; a preset does not."""
    return any(
        name.replace("_", "-") in _B_FRAMES
        or (name.endswith(("-params", "opts")) and not _B_FRAMES.isdisjoint(parameter_names(text)))
        for name, text in options.items()
    )


# What makes an encoder spend so many bits, by any name.
_RATES = frozenset(("b", "b:v", "bitrate", "tbr", "target-bitrate"))


def names_rate(options: Mapping[str, str]) -> str | None:
    """Return which of an encoder's own options says how many bits a second it is to spend."""
    for name, text in options.items():
        if name in _RATES and text not in (0, "0"):
            return name
        if name.endswith(("-params", "opts")):
            named = next((each for each in parameter_names(str(text)) if each in _RATES), None)
            if named is not None:
                return f"{named} in {name}"
    return None


def parameter_names(text: str) -> list[str]:
    """Return the names in ``name=value:name=value``, as the encoder libraries read them."""
    return [part.partition("=")[0].strip().replace("_", "-") for part in text.split(":")]


# Those that write it into the bitstream, and what they call it.
_LIGHT: dict[str, Callable[[Light], list[str]]] = {
    "libx264": Light.x264,
    "libx265": Light.in_units,
    "libsvtav1": Light.svt,
}


def writes_light(encoder: str) -> bool:
    """Tell whether an encoder writes mastering display and light level into the bitstream."""
    return encoder in _LIGHT


def translate(encoder: str, request: Request) -> Setup:
    """Return how to open `encoder` for a request.

    Raises
    ------
    NotSupportedError
        This encoder cannot do it; says what.
    """
    setup = Setup()
    setup.frames = request.frames
    if request.layers > 1 and encoder not in ("libvpx", "libvpx-vp9"):
        raise NotSupportedError(f"{encoder} has no {request.layers} temporal layers")
    if request.mode == "quantizer" and quantizer_range(encoder) is None:
        raise NotSupportedError(f"{encoder} takes no quantizer for each frame")
    _TRANSLATORS.get(encoder, _other)(encoder, request, setup)
    if not request.reorders:
        if encoder == "libx265":  # of some releases this option says nothing to it
            setup.parameters.append("bframes=0")
        setup.options["bf"] = "0"
    if request.light is not None and encoder in _LIGHT:
        setup.parameters += _LIGHT[encoder](request.light)
    if request.lengths or request.info.is_ffmpeg:
        setup.flags.add("global_header")
    if request.realtime:
        setup.flags.add("low_delay")
    return setup


def _rates(request: Request, setup: Setup, seconds: float = 0.5) -> None:
    """Constant bit rate, as a ceiling with a buffer of so many seconds."""
    rate = request.usual_bitrate
    setup.options |= {"b": str(rate), "maxrate": str(rate), "bufsize": str(int(rate * seconds))}


def _level(request: Request, divisor: int) -> str | None:
    level = request.info.level
    return None if level is None else f"{level / divisor:.1f}"


def _x264(_encoder: str, request: Request, setup: Setup) -> None:
    info, options = request.info, setup.options
    setup.parameters_name = "x264-params"
    if info.profile is not None:
        options["profile"] = _AVC_PROFILES[info.profile]
        level = "1b" if info.level == 9 else _level(request, 10)
        if level is not None:
            options["level"] = level
    options["forced-idr"] = "1"
    options["preset"] = "veryfast" if request.realtime else "medium"
    if request.realtime:
        options["tune"] = "zerolatency"
    elif request.width * request.height >= _LARGE:
        # x264's 40 frames are half a gigabyte at 1080p. (Its thread for looking ahead keeps four
        # more; without that, two cores lose a fifth of their speed.)
        options["rc-lookahead"] = "6"
    _lengths(request, setup)
    if request.mode == "quantizer":
        _flat_quantizer(setup, ("mbtree=0",))
    elif request.mode == "constant":
        _rates(request, setup)
    elif request.bitrate is not None:
        options["b"] = str(request.bitrate)
    else:
        options["crf"] = "23"


def _flat_quantizer(setup: Setup, parameters: tuple[str, ...]) -> None:
    # One quantizer for all, whatever the picture, to which a region of interest adds the frame's.
    # (With an adaptive quantization that does nothing: without one, regions are ignored.)
    setup.options |= {"crf": str(QUANTIZER_BASE)}
    setup.parameters += [
        *("qcomp=1", "ipratio=1", "pbratio=1", "aq-mode=1", "aq-strength=0.0001"),
        *parameters,
    ]
    setup.quantizer = "roi"


def _lengths(request: Request, setup: Setup) -> None:
    if request.lengths:
        setup.parameters.append("annexb=0")
        setup.writes_lengths = True
        if request.repeat:
            setup.parameters.append("repeat-headers=1")


def _x265(_encoder: str, request: Request, setup: Setup) -> None:
    info, options = request.info, setup.options
    setup.parameters_name = "x265-params"
    setup.parameters += ["log-level=none", "open-gop=0"]
    if request.threads:
        setup.parameters.append(f"pools={request.threads}")
    if info.profile is not None:
        options["profile"] = _hevc_profile(request)
        setup.needed.add("profile")
        setup.parameters.append(f"level-idc={_level(request, 30)}")
        setup.parameters.append(f"high-tier={int(info.tier == 'H')}")
        setup.fixed["level-idc"] = "the codec string says the level"
        if info.level is not None and info.level >= _HEVC_LEVEL_5:
            setup.fixed["ctu"] = "from level 5 on blocks have 32x32 at least"
    least = min(request.width, request.height)
    if least < 32 and info.level is not None and info.level >= _HEVC_LEVEL_5:
        # Such levels have no blocks smaller than 32x32 (H.265, A.4.1), pictures of x265 no less
        # than a whole block; asked for both it crashes.
        raise NotSupportedError(
            f"libx265 encodes no {request.width}x{request.height} at level {info.level / 30:g}: "
            "from level 5 on it needs 32x32 at least"
        )
    if least < 64:
        setup.parameters.append(f"ctu={32 if least >= 32 else 16}")
        # Its CU tree writes beyond its memory there (x265 3.5, in the ffmpeg program as well).
        setup.parameters.append("cutree=0")
        for name in ("ctu", "cutree"):
            setup.fixed[name] = f"x265 needs its own for {request.width}x{request.height}"
    options["forced-idr"] = "1"
    options["preset"] = "ultrafast" if request.realtime else "medium"
    if request.realtime:
        options["tune"] = "zerolatency"
    # FFmpeg makes its thread count the number of frames in flight, which costs latency and memory.
    if request.realtime or request.threads:
        frames = 1 if request.realtime else min(request.threads, 4)
        setup.parameters.append(f"frame-threads={frames}")
    _lengths(request, setup)
    if request.mode == "quantizer":
        _flat_quantizer(setup, ("cutree=0",))
    elif request.mode == "constant":
        _rates(request, setup)
    elif request.bitrate is not None:
        options["b"] = str(request.bitrate)
    else:
        options["crf"] = "28"


def _hevc_profile(request: Request) -> str:
    if request.info.profile == 1:
        return "main"
    if request.info.profile == 2:
        return "main10"
    if request.info.profile == 3:
        return "mainstillpicture"
    if request.chroma == "420":
        return {8: "main", 10: "main10"}.get(request.depth, "main12")
    if request.chroma == "422":
        return "main422-12" if request.depth == 12 else "main422-10"
    return f"main444-{request.depth}"


def _vpx(encoder: str, request: Request, setup: Setup) -> None:
    options, vp9 = setup.options, encoder == "libvpx-vp9"
    if request.realtime or request.layers > 1:
        options |= {"deadline": "realtime", "cpu-used": "8", "lag-in-frames": "0"}
    else:
        options |= {"deadline": "good", "cpu-used": str(_VP9_EFFORT if vp9 else _VP8_EFFORT)}
    if vp9:
        options["row-mt"] = "1"
        if request.info.profile is not None:
            options["profile"] = str(request.info.profile)
    else:
        # A hidden frame would be a chunk of its own.
        options["auto-alt-ref"] = "0"
    if request.alpha:
        # The hidden frames of picture and alpha would not fall together.
        options["auto-alt-ref"] = "0"
    if request.layers > 1:
        _vpx_layers(request, setup)
    elif request.mode == "constant":
        _rates(request, setup)
        options["minrate"] = options["b"]
    elif request.bitrate is not None:
        options["b"] = str(request.bitrate)
    elif vp9:
        options |= {"crf": "32", "b": "0"}
    else:
        options |= {"crf": "10", "b": str(2 * request.usual_bitrate)}


def _vpx_layers(request: Request, setup: Setup) -> None:
    pattern, setup.layer_pattern = _LAYERS[request.layers]
    rates = ",".join(
        str(max(1, int(request.usual_bitrate * share / 1000)))
        for share in _LAYER_SHARES[request.layers]
    )
    _rates(request, setup)
    setup.options |= {
        "minrate": setup.options["b"],
        "error-resilient": "default",
        "ts-parameters": f"ts_number_layers={request.layers}:ts_target_bitrate={rates}:{pattern}",
    }
    setup.needed |= {"ts-parameters", "error-resilient"}


def _svt(_encoder: str, request: Request, setup: Setup) -> None:
    options = setup.options
    setup.parameters_name = "svtav1-params"
    options["preset"] = "10" if request.realtime else str(_SVT_PRESET)
    setup.can_force_key = False  # FFmpeg learned to ask for them with 6.0
    if request.realtime or request.mode == "constant":
        # Each picture from those before it; constant bit rate knows no other order.
        setup.parameters.append("pred-struct=1")
    if request.realtime:
        setup.parameters += ["lookahead=0", "scd=0"]  # it still keeps two pictures
    if request.screen_content:
        setup.parameters.append("scm=1")
    if request.mode == "constant":
        # Not by FFmpeg's options: it sets a ceiling that SVT-AV1 then finds too low.
        setup.parameters += ["rc=2", f"tbr={max(1, request.usual_bitrate // 1000)}"]
    elif request.bitrate is not None:
        options["b"] = str(request.bitrate)
    else:
        options["crf"] = "35"


def _aom(_encoder: str, request: Request, setup: Setup) -> None:
    options = setup.options
    setup.parameters_name = "aom-params"
    if request.screen_content:
        setup.parameters.append("tune-content=screen")
    options["row-mt"] = "1"
    # With frames to look ahead at, libaom makes two key frames of one.
    setup.can_force_key = request.realtime
    if request.realtime:
        options |= {"usage": "realtime", "cpu-used": "8", "lag-in-frames": "0"}
        setup.needed.add("usage")
    else:
        options["cpu-used"] = str(_AOM_EFFORT)
    if request.mode == "constant":
        _rates(request, setup)
        options["minrate"] = options["b"]
    elif request.bitrate is not None:
        options["b"] = str(request.bitrate)
    else:
        options |= {"crf": "30", "b": "0"}


def _rav1e(_encoder: str, request: Request, setup: Setup) -> None:
    setup.parameters_name = "rav1e-params"
    setup.can_force_key = False
    setup.options["speed"] = "10" if request.realtime else str(_RAV1E_SPEED)
    if request.realtime:
        setup.parameters.append("low_latency=true")
    if request.bitrate is not None or request.mode == "constant":
        setup.options["b"] = str(request.usual_bitrate)
    else:
        setup.options["qp"] = "100"


def _openh264(_encoder: str, request: Request, setup: Setup) -> None:
    info = request.info
    if info.profile not in (None, 66, 77, 100):
        raise NotSupportedError(f"libopenh264 has no profile {info.profile}")
    setup.options["b"] = str(request.usual_bitrate)
    setup.options["rc_mode"] = "bitrate"
    setup.options["profile"] = {66: "constrained_baseline", 77: "main"}.get(
        info.profile or 100, "high"
    )


def _avc_hardware(kind: str, request: Request, setup: Setup) -> None:
    info, options = request.info, setup.options
    options["profile"] = _AVC_PROFILES[info.profile or 100]
    if kind == "vaapi":
        options["profile"] = str({66: 578}.get(info.profile or 100, info.profile))
    setup.needed.add("profile")
    level = _level(request, 10)
    if level is not None:
        options["level"] = str(info.level) if kind in ("vaapi", "qsv") else level


def _hevc_hardware(kind: str, request: Request, setup: Setup) -> None:
    profile = request.info.profile
    if profile in (1, 2):
        name = str(profile) if kind == "vaapi" else ("main", "main10")[profile - 1]
        setup.options["profile"] = name


# What a device is told of the profile, by family: the others choose it themselves.
_HARDWARE_PROFILES: dict[str, Callable[[str, Request, Setup], None]] = {
    "avc": _avc_hardware,
    "hevc": _hevc_hardware,
}


def _hardware(encoder: str, request: Request, setup: Setup) -> None:
    info, options = request.info, setup.options
    kind = encoder.rsplit("_", 1)[1]
    profile = _HARDWARE_PROFILES.get(info.family)
    if profile is not None:
        profile(kind, request, setup)
    options["b"] = str(request.usual_bitrate)
    if request.mode == "constant":
        _rates(request, setup)
        if kind == "nvenc":
            options["rc"] = "cbr"
    elif kind == "nvenc":
        options["rc"] = "vbr"
    if kind == "nvenc":
        options["forced-idr"] = "1"
    if request.realtime:
        options["bf"] = "0"
        if kind == "nvenc":
            options |= {"zerolatency": "1", "delay": "0", "tune": "ull"}
        elif kind == "qsv":
            options |= {"async_depth": "1", "look_ahead": "0", "forced_idr": "1"}
        elif kind == "vaapi":
            options["async_depth"] = "1"
        elif kind == "videotoolbox":
            options["realtime"] = "1"


def _other(encoder: str, request: Request, setup: Setup) -> None:
    if encoder.rsplit("_", 1)[-1] in ("nvenc", "vaapi", "qsv", "videotoolbox", "amf"):
        _hardware(encoder, request, setup)
        return
    options = setup.options
    setup.can_force_key = encoder not in _NO_KEY_FRAMES
    by_quality = request.mode == "quantizer" or (
        request.mode == "variable" and request.bitrate is None
    )
    if encoder in _QSCALE and by_quality:
        setup.flags.add("qscale")
        options["global_quality"] = str(_DEFAULT_QSCALE * 118)
        if request.mode == "quantizer":
            setup.quantizer = "quality"
        return
    if encoder == "libtheora" and request.mode == "variable" and request.bitrate is None:
        # Its own choice is 200 kbit/s whatever the size, which shifts even plain colours.
        setup.flags.add("qscale")
        options["global_quality"] = str(_THEORA_QUALITY * 118)
        return
    if request.mode == "constant":
        _rates(request, setup)
        options["minrate"] = options["b"]
    elif request.bitrate is not None:
        options["b"] = str(request.bitrate)


_TRANSLATORS: dict[str, Callable[[str, Request, Setup], None]] = {
    "libx264": _x264,
    "libx265": _x265,
    "libvpx": _vpx,
    "libvpx-vp9": _vpx,
    "libsvtav1": _svt,
    "libaom-av1": _aom,
    "librav1e": _rav1e,
    "libopenh264": _openh264,
}
