"""What a codec string's level allows: picture size, rate of samples, bits per second.

H.264 table A-1, H.265 tables A.8 and A.9, AV1 annex A.3. The level of a VP9 string is not in the
stream, and browsers take any: it is not looked at.
"""

from __future__ import annotations

from math import isqrt

from ...errors import NotSupportedError
from ..codecs.strings import CodecInfo

# level: (macroblocks per second, macroblocks per picture, kbit/s of Baseline and Main)
_AVC = {
    9: (1485, 99, 128),
    10: (1485, 99, 64),
    11: (3000, 396, 192),
    12: (6000, 396, 384),
    13: (11880, 396, 768),
    20: (11880, 396, 2000),
    21: (19800, 792, 4000),
    22: (20250, 1620, 4000),
    30: (40500, 1620, 10000),
    31: (108000, 3600, 14000),
    32: (216000, 5120, 20000),
    40: (245760, 8192, 20000),
    41: (245760, 8192, 50000),
    42: (522240, 8704, 50000),
    50: (589824, 22080, 135000),
    51: (983040, 36864, 240000),
    52: (2073600, 36864, 240000),
    60: (4177920, 139264, 240000),
    61: (8355840, 139264, 480000),
    62: (16711680, 139264, 800000),
}
_AVC_BITRATE = {100: 1.25, 110: 3.0, 122: 4.0, 244: 4.0}
# level: (samples per picture, samples per second, kbit/s of the main tier, of the high tier)
_HEVC = {
    30: (36864, 552960, 128, 128),
    60: (122880, 3686400, 1500, 1500),
    63: (245760, 7372800, 3000, 3000),
    90: (552960, 16588800, 6000, 6000),
    93: (983040, 33177600, 10000, 10000),
    120: (2228224, 66846720, 12000, 30000),
    123: (2228224, 133693440, 20000, 50000),
    150: (8912896, 267386880, 25000, 100000),
    153: (8912896, 534773760, 40000, 160000),
    156: (8912896, 1069547520, 60000, 240000),
    180: (35651584, 1069547520, 60000, 240000),
    183: (35651584, 2139095040, 120000, 480000),
    186: (35651584, 4278190080, 240000, 800000),
}
# level: (samples per picture, width, height, samples per second, Mbit/s main, high)
_AV1: dict[int, tuple[int, int, int, int, float, float]] = {
    0: (147456, 2048, 1152, 4423680, 1.5, 1.5),
    1: (278784, 2816, 1584, 8363520, 3, 3),
    4: (665856, 4352, 2448, 19975680, 6, 6),
    5: (1065024, 5504, 3096, 31950720, 10, 10),
    8: (2359296, 6144, 3456, 70778880, 12, 30),
    9: (2359296, 6144, 3456, 141557760, 20, 50),
    12: (8912896, 8192, 4352, 267386880, 30, 100),
    13: (8912896, 8192, 4352, 534773760, 40, 160),
    14: (8912896, 8192, 4352, 1069547520, 60, 240),
    15: (8912896, 8192, 4352, 1069547520, 60, 240),
    16: (35651584, 16384, 8704, 1069547520, 60, 240),
    17: (35651584, 16384, 8704, 2139095040, 100, 480),
    18: (35651584, 16384, 8704, 4278190080, 160, 800),
    19: (35651584, 16384, 8704, 4278190080, 160, 800),
}


def check_level(
    info: CodecInfo, width: int, height: int, framerate: float | None, bitrate: int | None
) -> None:
    """Raise NotSupportedError if such a stream would exceed the level, or there is no such
    level.
    """
    if info.level is None:
        return
    if info.family == "avc":
        _check_avc(info, info.level, width, height, framerate, bitrate)
    elif info.family == "hevc":
        _check_hevc(info, info.level, width, height, framerate, bitrate)
    elif info.family == "av1" and info.level != 31:
        _check_av1(info, info.level, width, height, framerate, bitrate)


def _check_avc(
    info: CodecInfo,
    level: int,
    width: int,
    height: int,
    framerate: float | None,
    bitrate: int | None,
) -> None:
    if level not in _AVC:
        raise NotSupportedError(f"{info.string}: there is no level {level / 10:g}")
    per_second, per_picture, kilobits = _AVC[level]
    across, down = -(-width // 16), -(-height // 16)
    longest = isqrt(8 * per_picture)
    if across * down > per_picture or max(across, down) > longest:
        raise _too_large(
            info, width, height, f"{across}x{down} macroblocks, the most is {per_picture}"
        )
    _check_rate(info, across * down, per_second, framerate, "macroblocks")
    factor = _AVC_BITRATE.get(info.profile or 0, 1.0)
    _check_bitrate(info, bitrate, int(kilobits * 1000 * factor))


def _check_hevc(
    info: CodecInfo,
    level: int,
    width: int,
    height: int,
    framerate: float | None,
    bitrate: int | None,
) -> None:
    if level not in _HEVC:
        raise NotSupportedError(f"{info.string}: there is no level {level / 30:g}")
    samples, per_second, main, high = _HEVC[level]
    longest = isqrt(8 * samples)
    if width * height > samples or max(width, height) > longest:
        raise _too_large(info, width, height, f"the most is {samples} samples")
    _check_rate(info, width * height, per_second, framerate, "samples")
    _check_bitrate(info, bitrate, (high if info.tier == "H" else main) * 1000)


def _check_av1(
    info: CodecInfo,
    level: int,
    width: int,
    height: int,
    framerate: float | None,
    bitrate: int | None,
) -> None:
    if level not in _AV1:
        raise NotSupportedError(f"{info.string}: level {level} is not defined")
    samples, widest, highest, per_second, main, high = _AV1[level]
    if width * height > samples or width > widest or height > highest:
        raise _too_large(
            info, width, height, f"the most is {samples} samples, {widest}x{highest} at most"
        )
    _check_rate(info, width * height, per_second, framerate, "samples")
    factor = {0: 1, 1: 2, 2: 3}[info.profile or 0]
    _check_bitrate(info, bitrate, int((high if info.tier == "H" else main) * 1e6) * factor)


def _too_large(info: CodecInfo, width: int, height: int, limit: str) -> NotSupportedError:
    return NotSupportedError(f"{info.string}: {width}x{height} is too large for its level: {limit}")


def _check_rate(
    info: CodecInfo, amount: int, most: int, framerate: float | None, unit: str
) -> None:
    if framerate is not None and amount * framerate > most * 1.001:
        raise NotSupportedError(
            f"{info.string}: {framerate:g} frames per second are too many for its level: "
            f"{int(amount * framerate)} {unit} per second, the most is {most}"
        )


def _check_bitrate(info: CodecInfo, bitrate: int | None, most: int) -> None:
    if bitrate is not None and bitrate > most:
        raise NotSupportedError(
            f"{info.string}: {bitrate} bits per second are too many for its level, "
            f"the most is {most}"
        )
