"""What a packet says beside its bytes, as plain values, and back: for pickles.

Of the side data only what is bytes by its own definition travels: other kinds are structs of one
release of FFmpeg, some with pointers in them.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from ..._ffi import avcodec, ffi
from . import packet

if TYPE_CHECKING:
    from ..._ffi._types import AVPacket

# FFmpeg's names, and how many bytes they have at least: who reads them relies on that.
_PLAIN = {
    "Encryption info": 0,
    "Encryption initialization data": 0,
    "JP Dual Mono": 1,
    "MPEGTS Stream ID": 1,
    "Matroska BlockAdditional": 8,
    "New Extradata": 0,
    "Palette": 1024,
    "Param Change": 4,
    "Skip Samples": 10,
    "Subtitle Position": 16,
    "WebVTT ID": 0,
    "WebVTT Settings": 0,
}
_MOST = 100  # kinds: there are half as many
# Key, corrupt, discard, disposable. Not that its source is trusted: pointers would be followed.
_FLAGS = 1 | 2 | 4 | 16

State = tuple[int | None, int | None, int, int, tuple[tuple[str, bytes], ...]]
"""Presentation and decoding time, duration, flags, side data by name."""


@cache
def _kinds() -> dict[str, int]:
    names = {kind: avcodec.av_packet_side_data_name(kind) for kind in range(_MOST)}
    known = {ffi.string(name).decode(): kind for kind, name in names.items() if name}
    return {name: kind for name, kind in known.items() if name in _PLAIN}


@cache
def _names() -> dict[int, str]:
    return {kind: name for name, kind in _kinds().items()}


def state_of(ptr: AVPacket) -> State:
    """Return what a packet says."""
    names, beside = _names(), []
    for index in range(ptr.side_data_elems):
        entry = ptr.side_data[index]
        name = names.get(entry.type)
        if name is not None and entry.size:
            beside.append((name, bytes(ffi.buffer(entry.data, entry.size))))
    return *packet.times(ptr), ptr.duration, ptr.flags & _FLAGS, tuple(beside)


def problem_of(state: Any) -> str | None:
    """Return what is wrong with something that should be what `state_of` returned."""
    if type(state) is not tuple or len(state) != 5 or type(state[4]) is not tuple:
        return f"what is said of its packet cannot be {state!r:.80}"
    *times, duration, flags, beside = state
    for value in (*times, duration):
        if value is not None and not (type(value) is int and -(1 << 63) <= value < 1 << 63):
            return f"a time cannot be {value!r:.80}"
    if duration is None or type(flags) is not int:
        return f"duration and flags cannot be {duration!r:.40} and {flags!r:.40}"
    for one in beside:
        if type(one) is not tuple or len(one) != 2 or type(one[1]) is not bytes:
            return "its side data has another form"
        if type(one[0]) is not str or len(one[1]) < _PLAIN.get(one[0], 1 << 62):
            return f"side data {one[0]!r:.80} cannot have {len(one[1])} bytes"
    return None


def say(ptr: AVPacket, state: State) -> None:
    """Say it of a packet of ours, without a problem; kinds that this FFmpeg lacks are left out."""
    pts, dts, duration, flags, beside = state
    unknown, kinds = packet.NOPTS, _kinds()
    packet.place_in_time(
        ptr, unknown if pts is None else pts, unknown if dts is None else dts, duration
    )
    ptr.flags = flags & _FLAGS
    for name, content in beside:
        kind = kinds.get(name)
        if kind is not None and content:
            packet.add_side_data(ptr, kind, content)
