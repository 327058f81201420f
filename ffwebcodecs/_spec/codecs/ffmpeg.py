"""``ffmpeg:NAME``, this package's extension: any codec of FFmpeg's, about which nothing is known.

What its headers say is between FFmpeg's muxers, demuxers and coders; here they pass as they are.
"""

from __future__ import annotations

from ...errors import NotSupportedError
from .bits import as_view
from .grammar import CodecInfo, Limits, Samples, Stream, bad
from .splice import Splicing

TYPE_CHECKING = False  # typing's own costs an import
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

NAME = "ffmpeg"
CODEC: str | None = None
ENTRIES: tuple[str, ...] = ()
IN_STREAM: str | None = None
SHORT_NAMES: tuple[str, ...] = ()
HINTS: Mapping[str, str] = {}
HAS_LENGTHS = False
EVEN_SIZES = False
TAKES_DESCRIPTION = True
SAYS_COLORS = True
RECORD = ""
HEADER = ""
SPLICING: Splicing | None = None

PREFIX = "ffmpeg:"
# Their packets are no bytes: the one's are addresses in this process, the other has none.
NOT_BYTES = frozenset(("wrapped_avframe", "vnull"))


def parse_string(codec: str, entry: str, fields: list[str]) -> CodecInfo:
    """Return what ``ffmpeg:NAME`` says; its name has no fields."""
    name = codec[len(PREFIX) :]
    if not name or not name.isascii() or not name.replace("_", "a").replace("-", "a").isalnum():
        raise bad(codec, "expected the name of a codec after 'ffmpeg:', such as 'ffmpeg:prores'")
    return CodecInfo(codec, NAME, name, entry)


def require_bytes(name: str) -> None:
    """Raise NotSupportedError for a codec whose packets are not bytes, by FFmpeg's name."""
    if name in NOT_BYTES:
        raise NotSupportedError(
            f"{PREFIX}{name}: its packets are not bytes, they can neither be kept nor passed on"
        )


def codec_string(stream: Stream) -> str:
    """Return ``ffmpeg:NAME``."""
    return f"{PREFIX}{stream.codec}"


def usual_strings(
    depth: int, chroma: str, width: int, height: int, framerate: float | None
) -> list[str]:
    """Return nothing: there is no short name to ask for."""
    return []


def is_key(data: object, length_size: int | None = None) -> bool | None:
    """Return None: it cannot be told."""
    as_view(data)
    return None


def needs_others(data: object, length_size: int | None = None) -> bool:
    """Tell nothing: a chunk that is called key is one."""
    return False


def begins_with_picture(head: bytes, length_size: int | None = None) -> bool:
    """Tell whether the first unit is a picture of MPEG-1 or MPEG-2, as far as it can be told."""
    return head[:4] == b"\0\0\1\0"


def lacks_picture(data: object, codec: str, length_size: int | None = None) -> bool:
    """Tell whether a chunk of MPEG-1, MPEG-2 or Dirac has no picture; decoders of others report it,
    as far as it can be told.
    """
    marks = _PICTURES.get(codec)
    if marks is None:
        return False
    content = bytes(as_view(data))
    start, is_picture = marks
    at = content.find(start)
    while at >= 0:
        at += len(start)
        if at < len(content) and is_picture(content[at]):
            return False
        at = content.find(start, at)
    return True


# By codec: what a unit starts with, and whether the byte after it says that it is of a picture.
_MPEG: tuple[bytes, Callable[[int], bool]] = (b"\0\0\1", lambda code: code <= 0xAF)
_DIRAC: tuple[bytes, Callable[[int], bool]] = (b"BBCD", lambda code: code & 0x08 != 0)
_PICTURES = {
    **dict.fromkeys(("mpeg1video", "mpeg2video", "mpegvideo"), _MPEG),
    **dict.fromkeys(("dirac", "vc2"), _DIRAC),
}


def size_of(header: bytes, data: object) -> tuple[int, int] | None:
    """Return None: it cannot be told."""
    return None


def description_of(header: object, *, complete: bool = True) -> bytes | None:
    """Return the encoder's header as it is."""
    return bytes(as_view(header)) or None


def is_description(header: bytes) -> bool:
    """Return True: a container's header is for the decoder."""
    return True


def length_size(description: object) -> int | None:
    """Return None: there are no lengths."""
    return None


def file_header(description: bytes, known: bytes, data: object) -> bytes:
    """Return the description, or what the demuxer knew."""
    return description or known


def limits_of(info: CodecInfo) -> Limits | None:
    """Return None: nothing is known of levels."""
    return None


def samples_of(info: CodecInfo) -> Samples | None:
    """Return samples of any kind."""
    return Samples(None, None)
