"""What of a stream's headers says how its pictures are decoded: what streams have to have alike
that become one.
"""

from __future__ import annotations

from . import families
from .av1 import iter_obus
from .nal import iter_nal_units
from .strings import CodecInfo

_AV1_SEQUENCE = 1
_MPEG_SEQUENCE = b"\0\0\1\xb3"
_MPEG_ENDS = (b"\0\0\1\xb8", b"\0\0\1\0")  # a group of pictures, a picture


def sets_of(info: CodecInfo, description: bytes | None, data: bytes) -> tuple[bytes, ...]:
    """Return the parameter sets of a stream, without what is only words.

    Parameters
    ----------
    info : CodecInfo
    description : bytes or None
        Of its configuration.
    data : bytes
        Its first chunk.
    """
    splicing = families.of_codec(info.name).SPLICING
    if splicing is not None:
        if description:
            return tuple(splicing.sets_of(description))
        return tuple(splicing.only_sets(iter_nal_units(data)))
    if info.name == "av1":
        found = (bytes(payload) for kind, payload in iter_obus(data) if kind == _AV1_SEQUENCE)
        return tuple(found)[:1]
    if description:
        return (bytes(description),)
    begin = data.find(_MPEG_SEQUENCE) if info.name in ("mpeg1video", "mpeg2video") else -1
    if begin < 0:
        return ()
    ends = [at for at in (data.find(end, begin) for end in _MPEG_ENDS) if at >= 0]
    return (data[begin : min(ends, default=len(data))],)
