"""Damaged image files, decoded in every way: only errors that are documented may come of it."""

from __future__ import annotations

from collections.abc import Iterator

from image_files import MEDIA as VECTORS
from image_files import TYPES as VECTOR_TYPES
from image_files import damaged

from ffwebcodecs import EncodingError, ImageDecoder, InvalidStateError, NotSupportedError

WAIT = 20
# Small ones of the kinds that browsers do not show, or not any more.
_ANY = "image/x-portable-anymap"
OTHERS = {
    "pgm_text": (_ANY, b"P2 # a comment\n3 2 255\n0 10 20\n30 40 255\n"),
    "pbm": (_ANY, b"P4\n9 2\n\x12\x80\xff\x00"),
    "ppm": (_ANY, b"P6\n3 2\n255\n" + bytes(range(18))),
    "pam": (
        _ANY,
        b"P7\nWIDTH 2\nHEIGHT 2\nDEPTH 4\nMAXVAL 255\nTUPLTYPE RGB_ALPHA\nENDHDR\n"
        + bytes(range(16)),
    ),
    "qoi": (
        "image/qoi",
        b"qoif\0\0\0\3\0\0\0\2\3\0" + b"\xfe\1\2\3" * 3 + b"\xc2" + bytes(7) + b"\1",
    ),
    "xbm": (
        "image/x-xbitmap",
        b"#define a_width 9\n#define a_height 1\nstatic char a_bits[] = {\n 0x12, 0x34 };\n",
    ),
}
MEDIA = VECTORS | {name: data for name, (_, data) in OTHERS.items()}
TYPES = VECTOR_TYPES | {name: type for name, (type, _) in OTHERS.items()}
KNOWN = [name for name in MEDIA if ImageDecoder.is_type_supported(TYPES[name])]


def decode_all(name: str, data: bytes, as_stream: bool) -> int:
    """Decode what there is of a file of a known type; return how many frames came."""
    source = iter([data[: len(data) // 2], data[len(data) // 2 :]]) if as_stream else data
    found = 0
    with ImageDecoder(data=source, type=TYPES[name], max_pixels=1 << 20) as decoder:
        try:
            decoder.tracks.ready.result(timeout=WAIT)
            for track in decoder.tracks:
                track.selected = True
                for index in reversed(range(min(track.frame_count, 12))):
                    try:
                        image, _ = decoder.decode(index).result(timeout=WAIT)
                    except IndexError:
                        continue
                    with image:
                        assert image.to_ndarray(format="RGBA").size
                        found += 1
        except (InvalidStateError, EncodingError, NotSupportedError):
            pass
    return found


def cut(data: bytes) -> Iterator[bytes]:
    """Yield each beginning of a file."""
    for size in range(1, len(data)):
        yield data[:size]


def attacks(name: str, rounds: int, seed: int) -> Iterator[bytes]:
    """Yield damaged copies of a file."""
    data = MEDIA[name]
    yield from cut(data)
    yield from damaged(data, rounds, seed)
