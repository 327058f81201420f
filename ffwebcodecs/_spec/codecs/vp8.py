"""VP8: codec string, frame headers, key frames."""

from __future__ import annotations

from ...errors import DataError
from .bits import Record, as_view
from .grammar import CodecInfo, Limits, Samples, Stream, bad
from .splice import Splicing

TYPE_CHECKING = False  # typing's own costs an import
if TYPE_CHECKING:
    from collections.abc import Mapping

NAME = "vp8"
CODEC: str | None = "vp8"
ENTRIES: tuple[str, ...] = ("vp8",)
IN_STREAM: str | None = None
SHORT_NAMES: tuple[str, ...] = ("vp8",)
HINTS: Mapping[str, str] = {}
HAS_LENGTHS = False
EVEN_SIZES = False
TAKES_DESCRIPTION = False
SAYS_COLORS = False
RECORD = ""
HEADER = ""
SPLICING: Splicing | None = None


class Vp8Header(Record):
    """A VP8 frame header; `width` and `height` are 0 unless it is a key frame."""

    __slots__ = ("height", "key", "shown", "width")
    key: bool
    shown: bool
    width: int
    height: int


def parse_string(codec: str, entry: str, fields: list[str]) -> CodecInfo:
    """Read ``vp8``."""
    # Browsers take vp8.0 too.
    if fields not in ([], ["0"]):
        raise bad(codec, "expected 'vp8' and nothing after it")
    return CodecInfo(codec, NAME, "vp8", entry, profile=0, bit_depth=8, chroma="420")


def codec_string(stream: Stream) -> str:
    """Return ``vp8``, whatever the stream."""
    return "vp8"


def usual_strings(
    depth: int, chroma: str, width: int, height: int, framerate: float | None
) -> list[str]:
    """Return ``vp8``."""
    return ["vp8"]


def is_key(data: object, length_size: int | None = None) -> bool | None:
    """Say whether this frame is a key frame."""
    try:
        return parse_header(data).key
    except DataError:
        return False


def needs_others(data: object, length_size: int | None = None) -> bool:
    """Tell whether a chunk that is called key is none."""
    return is_key(data, length_size) is False


def begins_with_picture(head: bytes, length_size: int | None = None) -> bool:
    """Return True: what is none, decoders report."""
    return True


def lacks_picture(data: object, codec: str, length_size: int | None = None) -> bool:
    """Return False: decoders report it."""
    return False


def size_of(header: bytes, data: object) -> tuple[int, int] | None:
    """Return the size that a key frame says."""
    frame = parse_header(data)
    return frame.width, frame.height


def description_of(header: object, *, complete: bool = True) -> bytes | None:
    """Return None: a key frame says all."""
    return None


def is_description(header: bytes) -> bool:
    """Return False: there is none."""
    return False


def length_size(description: object) -> int | None:
    """Return None: there are no lengths."""
    return None


def file_header(description: bytes, known: bytes, data: object) -> bytes:
    """Return what the demuxer knew; a file needs nothing."""
    return known


def limits_of(info: CodecInfo) -> Limits | None:
    """Return None: there are no levels."""
    return None


def samples_of(info: CodecInfo) -> Samples | None:
    """Return the one kind of samples that there is."""
    return Samples(("420",), (8,))


def parse_header(data: object) -> Vp8Header:
    """Parse the first bytes of a VP8 frame; DataError if they are not one's."""
    head = bytes(as_view(data)[:10])
    if len(head) < 3:
        raise DataError(f"VP8 frame header ends early, after {len(head)} bytes")
    key = not head[0] & 1
    if key and (len(head) < 10 or head[3:6] != b"\x9d\x01\x2a"):
        raise DataError(f"VP8 key frame without its start code: {head.hex(' ')}")
    return Vp8Header(
        key=key,
        shown=bool(head[0] & 0x10),
        width=int.from_bytes(head[6:8], "little") & 0x3FFF if key else 0,
        height=int.from_bytes(head[8:10], "little") & 0x3FFF if key else 0,
    )
