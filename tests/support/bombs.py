"""Small files that claim much: pictures, boxes, elements, made byte by byte."""

from __future__ import annotations

import struct
import subprocess
import sys
import zlib
from pathlib import Path

_CHILD = """
import resource, sys
import ffwebcodecs as fw

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10

before = 0
for path in sys.argv[1:]:
    try:
        for frame in fw.read_frames(path):
            frame.close()
        said = "nothing"
    except fw.WebCodecsError as error:
        said = f"{type(error).__name__}: {error}"
    before = before or peak()
    print(peak() - before, said)
assert not any(fw.open_handles().values()), fw.open_handles()
"""


def read_in_child(harmless: Path, paths: list[Path]) -> list[tuple[int, str]]:
    """Read the frames of files; return for each by how many MiB the peak of memory is over that of
    a harmless file, so far, and what was raised.
    """
    done = subprocess.run(
        [sys.executable, "-c", _CHILD, str(harmless), *map(str, paths)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    lines = [line.split(" ", 1) for line in done.stdout.splitlines()[1:]]
    return [(int(grown), said) for grown, said in lines]


# ---- pictures ------------------------------------------------------------------------------------


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width: int, height: int, *beside: tuple[bytes, bytes]) -> bytes:
    """A PNG of one bit per pixel, all black, and what is to be beside the picture."""
    row = bytes(1 + (width + 7) // 8)
    packer = zlib.compressobj(1)
    data = b"".join(packer.compress(row) for _ in range(height)) + packer.flush()
    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    parts = [(b"IHDR", header), *beside, (b"IDAT", data), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(*part) for part in parts)


def bmp(width: int, height: int) -> bytes:
    head = struct.pack("<IIIIiiHHIIIIII", 154, 0, 54, 40, width, height, 1, 24, 0, 0, 0, 0, 0, 0)
    return b"BM" + head + bytes(100)


def qoi(width: int, height: int) -> bytes:
    return b"qoif" + struct.pack(">IIBB", width, height, 4, 0) + b"\xfd" * 1000 + bytes(7) + b"\1"


def sgi(width: int, height: int) -> bytes:
    return struct.pack(">HBBHHHH", 474, 1, 1, 3, width, height, 3) + bytes(600)


def y4m(width: int, height: int) -> bytes:
    return b"YUV4MPEG2 W%d H%d F25:1\nFRAME\n" % (width, height) + bytes(100)


class Bits:
    """Numbers of so many bits, one after the other."""

    def __init__(self, *pairs: tuple[int, int]) -> None:
        self._text = "".join(format(value, f"0{count}b") for count, value in pairs)

    def __bytes__(self) -> bytes:
        text = self._text + "0" * (-len(self._text) % 8)
        return int(text, 2).to_bytes(len(text) // 8, "big")


def flv1(width: int, height: int) -> bytes:
    """A frame of Sorenson's H.263."""
    bits = Bits((17, 1), (5, 0), (8, 0), (3, 1), (16, width), (16, height), (2, 0), (1, 0), (5, 5))
    return bytes(bits) + bytes(200)


def mpeg2(width: int, height: int) -> bytes:
    """A frame of MPEG-2 with its sequence header."""
    size = ((12, width & 0xFFF), (12, height & 0xFFF))
    more = ((2, width >> 12), (2, height >> 12))
    sequence = Bits(*size, (4, 1), (4, 3), (18, 0x3FFFF), (1, 1), (10, 100), (3, 0))
    extension = Bits((4, 1), (8, 0x44), (1, 1), (2, 1), *more, (12, 0), (1, 1), (8, 0), (8, 0))
    coding = Bits((4, 8), (16, 0xFFFF), (2, 0), (2, 3), (7, 0b0100000), (2, 0b10))
    picture = bytes(Bits((10, 0), (3, 1), (16, 0xFFFF))) + b"\0"
    return b"".join(
        b"\0\0\1" + code + bytes(content)
        for code, content in (
            (b"\xb3", sequence),
            (b"\xb5", extension),
            (b"\xb8", b"\0\x08\0\0"),
            (b"\0", picture),
            (b"\xb5", coding),
            (b"\1", b"\x10" + b"\x55" * 300),
        )
    )


VP6 = b"\x14\0" + bytes(100)


def flv(frame: bytes, *, late: int = 0, names: int = 0, before: bytes = b"") -> bytes:
    """An FLV of ten such frames, after so many frames of sound, and names in its metadata;
    `before` is a frame of another codec.
    """

    def tag(kind: int, data: bytes, time: int) -> bytes:
        head = bytes([kind]) + len(data).to_bytes(3, "big") + time.to_bytes(3, "big") + bytes(4)
        return head + data + struct.pack(">I", 11 + len(data))

    data = b"FLV\1\5" + struct.pack(">I", 9) + bytes(4)
    if names:
        pairs = b"".join(b"\0\6%06d\2\0\1v" % i for i in range(names))
        data += tag(18, b"\2\0\nonMetaData\x08" + struct.pack(">I", names) + pairs + b"\0\0\t", 0)
    data += tag(9, before, 0) if before else b""
    data += b"".join(tag(8, b"\x2e" + bytes(100), 10 * i) for i in range(late))
    return data + b"".join(tag(9, b"\x12" + frame, 10 * late + 40 * i) for i in range(10))


def mpeg_ps(frames: list[bytes]) -> bytes:
    """An MPEG-PS in which the video comes after sound."""
    pack = b"\0\0\1\xba\x44\0\4\0\4\1\0\0\3\xf8"

    def pes(stream: int, data: bytes, time: int) -> bytes:
        stamp = Bits((4, 2), (3, 0), (1, 1), (15, time >> 15), (1, 1), (15, time & 0x7FFF), (1, 1))
        body = b"\x81\x80\5" + bytes(stamp) + data
        return pack + b"\0\0\1" + bytes([stream]) + struct.pack(">H", len(body)) + body

    sound = (bytes.fromhex("fffd8404") + bytes(413)) * 4
    data = b"".join(pes(0xC0, sound, 3600 * i) for i in range(30))
    data += b"".join(pes(0xE0, frame, 3600 * (i + 30)) for i, frame in enumerate(frames))
    return data + b"\0\0\1\xb9"


# ---- MP4 -----------------------------------------------------------------------------------------


def box(kind: bytes, *contents: bytes) -> bytes:
    content = b"".join(contents)
    return struct.pack(">I", 8 + len(content)) + kind + content


def _words(*values: int) -> bytes:
    return struct.pack(f">{len(values)}I", *values)


def track(
    index: int, *, count: int = 1, size: int = 100, offset: int = 40, kind: bytes = b"vide"
) -> bytes:
    """A track of pictures in PNG, or what claims to be one."""
    entry = box(
        b"png ",
        bytes(6) + b"\0\1" + bytes(16) + struct.pack(">HH", 16, 16),
        _words(0x480000, 0x480000, 0) + b"\0\1" + bytes(32) + struct.pack(">Hh", 24, -1),
    )
    table = box(
        b"stbl",
        box(b"stsd", _words(0, 1), entry),
        box(b"stts", _words(0, 1, count, 1)),
        box(b"stsc", _words(0, 1, 1, count, 1)),
        box(b"stsz", _words(0, size, count)),
        box(b"stco", _words(0, 1, offset)),
    )
    reference = box(b"dinf", box(b"dref", _words(0, 1), box(b"url ", _words(1))))
    return box(
        b"trak",
        box(b"tkhd", _words(3, 0, 0, index, 0, 1000), bytes(52), _words(16 << 16, 16 << 16)),
        box(
            b"mdia",
            box(b"mdhd", _words(0, 0, 0, 1000, 1000), bytes(4)),
            box(b"hdlr", _words(0, 0), kind, bytes(13)),
            box(b"minf", box(b"vmhd", _words(1), bytes(8)), reference, table),
        ),
    )


def tags(count: int) -> bytes:
    """A `udta` of so many tags."""
    entries = (
        box(
            b"----",
            box(b"mean", bytes(4), b"a"),
            box(b"name", bytes(4), b"%d" % i),
            box(b"data", _words(1, 0), b"v"),
        )
        for i in range(count)
    )
    handler = box(b"hdlr", bytes(8), b"mdir", bytes(13))
    return box(b"udta", box(b"meta", bytes(4), handler, box(b"ilst", *entries)))


def mp4(
    tracks: list[bytes],
    data: bytes = b"",
    *more: bytes,
    compressed: bool = False,
    tail: bytes = b"",
) -> bytes:
    """A file of these tracks, whose samples begin at byte 40."""
    matrix = _words(0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
    movie = (
        _words(0, 0, 0, 1000, 1000, 0x10000) + b"\1\0" + bytes(10) + matrix + bytes(24) + _words(2)
    )
    header = box(b"moov", box(b"mvhd", movie), *tracks, *more)
    if compressed:
        packed = box(b"cmvd", _words(len(header)), zlib.compress(header, 9))
        header = box(b"moov", box(b"cmov", box(b"dcom", b"zlib"), packed))
    kind = box(b"ftyp", b"isom", _words(512), b"isommp41")
    return kind + box(b"free") + box(b"mdat", data)[:8] + data + header + tail


def fragment(count: int) -> bytes:
    """A fragment of so many samples of which nothing is said."""
    run = box(b"traf", box(b"tfhd", _words(0x20000, 1)), box(b"trun", _words(1, count, 0)))
    return box(b"moof", box(b"mfhd", _words(0, 1)), run) + bytes(1000)


def fragmented(count: int) -> bytes:
    extends = box(b"mvex", box(b"trex", _words(0, 1, 1, 1, 1, 0)))
    return mp4([track(1, count=0, size=0)], b"", extends, tail=fragment(count))


# ---- Matroska ------------------------------------------------------------------------------------


def element(number: str, *contents: bytes) -> bytes:
    content = b"".join(contents)
    return bytes.fromhex(number) + (len(content) | 1 << 56).to_bytes(8, "big") + content


def number(name: str, value: int) -> bytes:
    return element(name, value.to_bytes(8, "big"))


def matroska(*parts: bytes, tracks: int = 1, behind: bytes = b"") -> bytes:
    """A file of so many tracks, with `parts` before its cluster; `behind` is where a SeekHead
    points to, after it.
    """
    video = element("E0", number("B0", 64), number("BA", 64))
    entries = (
        element(
            "AE",
            number("D7", i),
            number("73C5", i),
            number("83", 1),
            element("86", b"V_VP8"),
            video,
        )
        for i in range(1, tracks + 1)
    )
    head = element("1A45DFA3", element("4282", b"matroska"), number("4287", 4), number("4285", 2))
    info = element("1549A966", number("2AD7B1", 1000000), element("4D80", b"x"))
    cluster = element("1F43B675", number("E7", 0), element("A3", b"\x81\0\0\x80" + bytes(20)))
    body = b"".join((info, element("1654AE6B", *entries), *parts, cluster))
    seek = b""
    if behind:
        for _ in range(2):
            entry = element("53AB", behind[:4]) + number("53AC", len(seek) + len(body))
            seek = element("114D9B74", element("4DBB", entry))
    return head + element("18538067", seek, body, behind)


def matroska_tags(count: int) -> bytes:
    entries = (
        element("67C8", element("45A3", b"%d" % i), element("4487", b"v")) for i in range(count)
    )
    return element("1254C367", element("7373", element("63C0"), *entries))


def matroska_chapters(count: int) -> bytes:
    atoms = (element("B6", number("73C4", i + 1), number("91", i)) for i in range(count))
    return element("1043A770", element("45B9", *atoms))


# ---- others --------------------------------------------------------------------------------------


def id3(count: int, picture: bytes) -> bytes:
    """An MP3 with a cover and so many texts."""

    def frame(kind: bytes, data: bytes) -> bytes:
        return kind + struct.pack(">I", len(data)) + b"\0\0" + data

    body = frame(b"APIC", b"\0image/png\0\3\0" + picture)
    body += b"".join(frame(b"TXXX", b"\0%d\0v" % i) for i in range(count))
    size = bytes(len(body) >> shift & 127 for shift in (21, 14, 7, 0))
    return b"ID3\3\0\0" + size + body + (bytes.fromhex("fffb9064") + bytes(413)) * 60


def with_info(avi: bytes, count: int) -> bytes:
    """An AVI with so many texts before its header."""
    entries = b"".join(b"%04x\2\0\0\0v\0" % (i & 0xFFFF) for i in range(count))
    info = b"LIST" + struct.pack("<I", 4 + len(entries)) + b"INFO" + entries
    return avi[:12] + info + avi[12:]
