"""Damaged image files, decoded in every way: only errors that are documented may come of it."""

from __future__ import annotations

from collections.abc import Iterator

from image_files import MEDIA, TYPES, damaged

from ffwebcodecs import EncodingError, ImageDecoder, InvalidStateError, NotSupportedError

WAIT = 20
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
