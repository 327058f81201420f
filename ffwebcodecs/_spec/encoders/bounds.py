"""Values of FFmpeg's encoder options that its encoders do not survive.

FFmpeg takes any number for most of its common options, and ends the process where one makes no
sense: an assertion of its rate control, a motion search outside of the picture. What is refused
here was seen to crash, abort or hang; the rest of an option's range is left to the encoder.
"""

from __future__ import annotations

TYPE_CHECKING = False  # typing's own costs an import
if TYPE_CHECKING:
    from collections.abc import Callable, Container, Mapping

    Bounds = Mapping[str, tuple[float, float]]

_LARGEST = 2.0**31 - 1
# FF_CMP_SAD to FF_CMP_MEDIAN_SAD; the flag FF_CMP_CHROMA may be added.
_COMPARISONS = frozenset(range(16)) | frozenset(range(256, 256 + 16))
_COMPARING = ("cmp", "subcmp", "mbcmp", "precmp", "ildctcmp")
_QPEL, _INTERLACED_MOTION = 1 << 4, 1 << 29  # AV_CODEC_FLAG_...

_EVERYWHERE: Bounds = {"threads": (0, 1024)}
# Encoders of FFmpeg's own; libraries check these, or do not know them.
_NATIVE: Bounds = {
    "me_range": (0, _LARGEST),
    "dia_size": (-64, _LARGEST),
    "pre_dia_size": (-64, _LARGEST),
    "qcomp": (0, 1),
    "qblur": (0, _LARGEST),
    "qdiff": (0, 1024),
}
_SPECIAL: Mapping[str, Bounds] = {
    "libaom-av1": {"use-intra-default-tx-only": (-1, 0)},
    "libopenjpeg": {"disto_alloc": (1, 1)},
    "libxvid": {"bf": (-1, 16)},
}
# What stands inside of x265-params and the like, and the values that can be tried.
_PARTITIONS = (0, 4, 8, 16, 32, 64, 128)
_PARAMETERS: Mapping[str, tuple[str, Mapping[str, Container[int]]]] = {
    "libx265": (
        "x265-params",
        {"analysis-load": (), "copy-pic": (1,), "lookahead-threads": range(33)},
    ),
    "libaom-av1": (
        "aom-params",
        {
            "min-partition-size": _PARTITIONS,
            "max-partition-size": _PARTITIONS,
            "num-tile-groups": range(1, 17),
        },
    ),
    "libsvtav1": (
        "svtav1-params",
        {"hierarchical-levels": range(6), "preset": range(-2, 14), "resize-mode": (0,)},
    ),
}
_WAVELETS = {0: "9_7", 1: "5_3", 3: "haar_noshift", 4: "haar"}


def is_native(encoder: str) -> bool:
    """Return whether FFmpeg has the encoder's code itself."""
    return not encoder.startswith("lib")


def problem(
    encoder: str, names: Mapping[str, str], value: Callable[[str], float | None]
) -> str | None:
    """Return what is wrong with an encoder's options, None if they can be tried.

    Parameters
    ----------
    encoder : str
        FFmpeg's name.
    names : mapping
        What the caller set.
    value : callable
        Gives the number that FFmpeg understood for an option's name, NaN for a text, None if the
        encoder has no such option.
    """
    bounds = dict(_EVERYWHERE)
    if is_native(encoder):
        bounds.update(_NATIVE)
    bounds.update(_SPECIAL.get(encoder, {}))
    for name, (least, most) in bounds.items():
        number = value(name) if name in names else None
        if number is not None and not least <= number <= most:
            return f"{name}={names[name]}: it must be {_range(least, most)}"
    return _related(encoder, names, value) if is_native(encoder) else _inside(encoder, names)


def _inside(encoder: str, names: Mapping[str, str]) -> str | None:
    """Return what is wrong with the parameters that an encoder's library reads itself."""
    option, known = _PARAMETERS.get(encoder, ("", {}))
    for parameter in names.get(option, "").split(":"):
        key, _, text = parameter.partition("=")
        possible = known.get(key.strip().replace("_", "-").removeprefix("no-"))
        if possible is None:
            continue
        try:
            number = int(text)
        except ValueError:
            return f"{parameter} in {option}"
        if number not in possible or "no-" in key:
            return f"{parameter} in {option}"
    return None


def _range(least: float, most: float) -> str:
    if least == most:
        return f"{least:g}"
    return f"at least {least:g}" if most == _LARGEST else f"from {least:g} to {most:g}"


def _related(
    encoder: str, names: Mapping[str, str], value: Callable[[str], float | None]
) -> str | None:
    for name in _COMPARING:
        number = value(name) if name in names else None
        # The two encoders that compare wavelets have no chroma to look at.
        limit = 16 if encoder in ("snow", "svq1") else 512
        if number is not None and (number not in _COMPARISONS or number >= limit):
            return f"{name}={names[name]}: there is no such comparison for this encoder"
    if "rc_eq" in names and value("rc_eq") is not None:
        return "rc_eq: FFmpeg ends the program where the equation gives no finite number"
    if "lmin" in names or "lmax" in names:
        low, high = value("lmin"), value("lmax")
        if low is not None and high is not None and low > high:
            return f"lmin ({low:g}) must not be above lmax ({high:g})"
    if encoder == "svq1" and "flags" in names:
        flags = value("flags")
        if flags is not None and int(flags) & (_QPEL | _INTERLACED_MOTION):
            return f"flags={names['flags']}: qpel and ilme are not for this encoder"
    if encoder == "vc2" and "wavelet_type" in names and value("wavelet_type") not in _WAVELETS:
        known = ", ".join(_WAVELETS.values())
        return f"wavelet_type={names['wavelet_type']}: it must be one of {known}"
    return None
