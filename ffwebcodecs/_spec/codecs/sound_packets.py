"""How many samples of each channel a packet of coded sound holds, by its own header."""

from __future__ import annotations

_OPUS_RATE = 48000
# RFC 6716, 3.1: samples at 48 kHz of a frame, by the configuration.
_OPUS = (*(480, 960, 1920, 2880) * 3, *(480, 960) * 2, *(120, 240, 480, 960) * 4)
_FLAC = {1: 192, **{n: 576 << (n - 2) for n in range(2, 6)}, **{n: 1 << n for n in range(8, 16)}}
_FLAC_TOTAL = (1 << 36) - 1
_EAC3_BLOCKS = (1, 2, 3, 6)
_AC3_SAMPLES = 1536
_AC3_SYNC = b"\x0bw"
_AAC = 1024
_AAC_RATES = (
    *(96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350),
)
_ALAC_HEADER = 23  # bits of an element before the number of its samples


def samples_in(codec: str, data: memoryview, extradata: bytes, rate: int) -> int | None:
    """Return the number of samples at `rate`, None if the packet does not tell.

    Parameters
    ----------
    codec : str
        FFmpeg's name.
    data : memoryview
        The packet.
    extradata : bytes
        The codec's header as FFmpeg has it.
    rate : int
        Samples per second of the track.
    """
    if not len(data):
        return None
    count = _KNOWN.get(codec)
    return None if count is None else count(data, extradata, rate)


def frame_size_of(codec: str, rate: int) -> int:
    """Return how many samples all packets of a codec hold, 0 if that is not so, or unknown."""
    if codec == "mp3":
        return 1152 if rate >= _MPEG_1 else 576
    return _LENGTHS.get(codec, 0)


_LENGTHS = {"aac": _AAC, "mp2": 1152, "ac3": _AC3_SAMPLES}
_MPEG_1 = 32000  # hertz, at least


def _opus(data: memoryview, extradata: bytes, rate: int) -> int | None:
    frame, code = _OPUS[data[0] >> 3], data[0] & 3
    if code == 3 and len(data) < 2:
        return None
    frames = data[1] & 63 if code == 3 else (1, 2, 2)[code]
    return frame * frames * rate // _OPUS_RATE


def _mpeg(data: memoryview, extradata: bytes, rate: int) -> int | None:
    if len(data) < 4 or data[0] != 0xFF or data[1] < 0xE0:
        return None
    layer, is_mpeg1 = data[1] >> 1 & 3, data[1] >> 3 & 1
    return {3: 384, 2: 1152, 1: 1152 if is_mpeg1 else 576}.get(layer)


def _ac3(data: memoryview, extradata: bytes, rate: int) -> int | None:
    if len(data) < 6 or bytes(data[:2]) != _AC3_SYNC:
        return None
    if data[5] >> 3 <= 10:  # AC-3
        return _AC3_SAMPLES
    samples = at = 0
    while len(data) - at > 5 and bytes(data[at : at + 2]) == _AC3_SYNC:
        if data[at + 2] >> 6 != 1:  # else it has more channels of the same moment
            blocks = 6 if data[at + 4] >> 6 == 3 else _EAC3_BLOCKS[data[at + 4] >> 4 & 3]
            samples += blocks * 256
        at += 2 * (((data[at + 2] & 7) << 8 | data[at + 3]) + 1)
    return samples


def _flac(data: memoryview, extradata: bytes, rate: int) -> int | None:
    if len(data) < 6 or data[0] != 0xFF or data[1] & 0xFC != 0xF8:
        return None
    code = data[2] >> 4
    if code not in (6, 7):
        return _FLAC.get(code)
    first = data[4]  # the number of the frame or sample, as UTF-8 has it
    length = 1 if first < 0x80 else 8 - (first ^ 0xFF).bit_length()
    block = bytes(data[4 + length : 6 + length])
    if len(block) < 2:
        return None
    return (block[0] if code == 6 else int.from_bytes(block, "big")) + 1


def _aac(data: memoryview, extradata: bytes, rate: int) -> int | None:
    if len(data) > 6 and data[0] == 0xFF and data[1] & 0xF6 == 0xF0 and not extradata:
        index, blocks = data[2] >> 2 & 15, (data[6] & 3) + 1
        return _scaled(_AAC * blocks, index, rate)
    if len(extradata) < 2:
        return None
    kind, index = extradata[0] >> 3, (extradata[0] & 7) << 1 | extradata[1] >> 7
    if kind not in (1, 2, 3, 4, 5, 29) or index == 15:
        return None
    is_short = kind <= 4 and extradata[1] >> 2 & 1
    return _scaled(960 if is_short else _AAC, index, rate)


def _scaled(samples: int, index: int, rate: int) -> int | None:
    """Return samples of the core as so many at the rate that is heard: SBR doubles it."""
    if index >= len(_AAC_RATES):
        return None
    core = _AAC_RATES[index]
    return samples * 2 if rate == 2 * core else samples if rate == core else None


def _alac(data: memoryview, extradata: bytes, rate: int) -> int | None:
    if len(data) < 7 or len(extradata) < 16:
        return None
    bits = int.from_bytes(data[:7], "big")
    if bits >> (56 - 20) & 1:  # the packet says it: the last one of a stream is shorter
        return bits >> (56 - _ALAC_HEADER - 32) & 0xFFFFFFFF
    return int.from_bytes(extradata[12:16], "big")


_SILENCE = {
    "pcm_u8": 0x80,
    "pcm_mulaw": 0xFF,
    "pcm_alaw": 0xD5,
    **{
        f"pcm_{kind}{end}": 0
        for kind in ("s16", "s24", "s32", "f32", "f64")
        for end in ("le", "be")
    },
    "pcm_s8": 0,
}
_KNOWN = {
    "opus": _opus,
    "mp1": _mpeg,
    "mp2": _mpeg,
    "mp3": _mpeg,
    "ac3": _ac3,
    "eac3": _ac3,
    "flac": _flac,
    "aac": _aac,
    "alac": _alac,
}


def adts_header(data: memoryview) -> int:
    """Return how many bytes of a packet of AAC are the header of ADTS, 0 if it has none."""
    if len(data) < 7 or data[0] != 0xFF or data[1] & 0xF6 != 0xF0:
        return 0
    return 7 if data[1] & 1 else 9


def pcm_silence(codec: str) -> int | None:
    """Return the byte of silence in a codec of samples as they are, None for others."""
    return _SILENCE.get(codec)


def flac_header(header: bytes, samples: int, *, is_whole: bool = True) -> bytes:
    """Return STREAMINFO with the number of samples in it. Its checksum is left out if it is that
    of another number of them, or `is_whole` says that it is none of all.
    """
    # RFC 9639, 8.2: 36 bits before the checksum of 16 bytes.
    if len(header) < 34 or not 0 < samples <= _FLAC_TOTAL:
        return header
    value = int.from_bytes(header[10:18], "big")
    known = value & _FLAC_TOTAL
    checksum = header[18:34] if is_whole and known in (0, samples) else bytes(16)
    return header[:10] + (value - known + samples).to_bytes(8, "big") + checksum + header[34:]
