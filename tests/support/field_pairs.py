"""A tiny H.264 encoder: fields and frames in turn, each field in an access unit of its own, which
libx264 does not write. Every macroblock is stored as it is (I_PCM).
"""

from __future__ import annotations

_SIDE = 4  # macroblocks: 64 x 64


class _Bits:
    def __init__(self) -> None:
        self._text = ""

    def bits(self, *pairs: tuple[int, int]) -> _Bits:
        for value, count in pairs:
            self._text += format(value, f"0{count}b")
        return self

    def ue(self, *values: int) -> _Bits:
        for value in values:
            text = format(value + 1, "b")
            self._text += "0" * (len(text) - 1) + text
        return self

    def align(self) -> _Bits:
        self._text += "0" * (-len(self._text) % 8)
        return self

    def unit(self, head: int) -> bytes:
        self._text += "1"
        self.align()
        data = int(self._text, 2).to_bytes(len(self._text) // 8, "big")
        escaped, zeros = bytearray(), 0
        for byte in data:
            if zeros >= 2 and byte <= 3:
                escaped.append(3)
                zeros = 0
            escaped.append(byte)
            zeros = zeros + 1 if byte == 0 else 0
        return b"\0\0\0\1" + bytes([head]) + bytes(escaped)


def _headers() -> bytes:
    sps = _Bits().bits((77, 8), (0, 8), (30, 8)).ue(0, 0, 0, 4, 1).bits((0, 1))
    # Pictures may be fields: frame_mbs_only_flag and mb_adaptive_frame_field_flag are 0.
    sps.ue(_SIDE - 1, _SIDE // 2 - 1).bits((0, 1), (0, 1), (1, 1), (0, 1), (0, 1))
    pps = _Bits().ue(0, 0).bits((0, 1), (0, 1)).ue(0, 0, 0).bits((0, 1), (0, 2)).ue(0, 0, 0)
    return sps.unit(0x67) + pps.bits((0, 1), (0, 1), (0, 1)).unit(0x68)


def _picture(number: int, luma: int, field: int | None, idr: bool) -> bytes:
    out = _Bits().ue(0, 7, 0).bits((number, 4))
    out.bits((0, 1)) if field is None else out.bits((1, 1), (field, 1))
    if idr:
        out.ue(0)
    out.bits((2 * number + (field or 0), 8), (0, 2 if idr else 1)).ue(0)
    for _ in range(_SIDE * _SIDE // (1 if field is None else 2)):
        out.ue(25).align().bits(*[(luma, 8)] * 256, *[(128, 8)] * 128)
    return out.unit(0x65 if idr else 0x61)


def stream(frames: int) -> bytes:
    """Return an Annex B stream of intra pictures; of three frames two are pairs of fields."""
    out = b""
    for i in range(frames):
        number, luma = i % 6, 16 + 8 * i
        if number == 0:
            out += _headers()
        if i % 3 == 2:
            out += _picture(number, luma, None, number == 0)
        else:
            out += _picture(number, luma, 0, number == 0) + _picture(number, luma, 1, False)
    return out
