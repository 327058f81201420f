"""AVIF and HEIF: alpha in a track or an item of its own, tiles of a grid; no part as the whole.

The tracks and items are coded by the ffmpeg program, whose decoding of each one is the reference;
`iso_pictures` puts the boxes around them.
"""

from __future__ import annotations

import functools
import os
import struct
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from clips import run_ffmpeg
from convert_helpers import made
from iso_pictures import (
    DEPTH,
    Item,
    alpha_property,
    av1_picture,
    av1_property,
    box,
    grid,
    sequence,
    size_property,
    still,
)
from playlist_helpers import Web

from ffwebcodecs import (
    Demuxer,
    EncodingError,
    NotSupportedError,
    Video,
    VideoDecoder,
    VideoFrame,
    WebCodecsError,
    read_frames,
    remux,
    transcode,
)

COLOR = "testsrc2=s=64x48:r=10"
ALPHA = "testsrc=s=64x48:r=10,format=gray"
AV1 = ("-c:v", "libaom-av1", "-cpu-used", "8", "-g", "3", "-row-mt", "0", "-threads", "1")
FRAMES = 6
SIZE = size_property(64, 48)


@functools.cache
def tracks(*orders: str) -> Path:
    """Return an MP4 of two AV1 tracks: colours and grey ones, or the other way round."""
    formats = {COLOR: "yuv420p", ALPHA: "gray"}
    named = {"color": COLOR, "alpha": ALPHA}
    inputs = [word for name in orders for word in ("-f", "lavfi", "-i", named[name])]
    pixels = [
        word
        for place, name in enumerate(orders)
        for word in (f"-pix_fmt:v:{place}", formats[named[name]])
    ]
    return made(
        *(f"tracks-{'-'.join(orders)}.mp4", *inputs, "-map", "0", "-map", "1", "-t", "0.6"),
        *(*AV1, *pixels),
    )


def decoded(pixel_format: str, stream: int) -> list[npt.NDArray[np.uint8]]:
    """Return the first plane of each frame of a track, by the ffmpeg program."""
    order = ("color", "alpha")
    data = run_ffmpeg(
        *("-i", tracks(*order), "-map", f"0:{stream}", "-f", "rawvideo", "-pix_fmt", pixel_format),
        "-",
    )
    frames = np.frombuffer(data, np.uint8).reshape(FRAMES, -1)
    return [frame[: 64 * 48].reshape(48, 64) for frame in frames]


@functools.cache
def reference() -> tuple[list[npt.NDArray[np.uint8]], list[npt.NDArray[np.uint8]]]:
    return decoded("yuv420p", 0), decoded("gray", 1)


@functools.cache
def picture() -> Item:
    return Item(b"av01", av1_picture(COLOR), [SIZE, av1_property()])


@functools.cache
def alpha_picture() -> Item:
    properties = [SIZE, av1_property(gray=True), alpha_property()]
    return Item(b"av01", av1_picture(ALPHA, "gray"), properties, [(b"auxl", [1])], hidden=True)


@functools.cache
def animated(*, alpha_first: bool = False, stills: bool = False) -> bytes:
    order = ("alpha", "color") if alpha_first else ("color", "alpha")
    color = order.index("color")
    items = (picture(), alpha_picture()) if stills else ()
    handlers = {color: b"pict", 1 - color: b"auxv"}
    return sequence(tracks(*order).read_bytes(), handlers, {1 - color: color}, items=items)


def planes(frame: VideoFrame) -> tuple[str | None, npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
    with frame:
        found = [frame.planes[place].to_ndarray().copy() for place in (0, 3)]
        return frame.format, *found  # type: ignore[return-value]


def check(frames: Iterator[VideoFrame], first: int = 0) -> None:
    colors, alphas = reference()
    count = first
    for frame in frames:
        format, color, alpha = planes(frame)
        assert format == "I420A"
        assert (color == colors[count]).all()
        assert (alpha == alphas[count]).all()
        count += 1
    assert count == FRAMES


@pytest.fixture(params=[0, 1, 2], ids=["color first", "alpha first", "with stills"])
def moving(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    path = tmp_path / "a.avif"
    path.write_bytes(animated(alpha_first=request.param == 1, stills=request.param == 2))
    return path


# ---- sequences


def test_animated_avif_comes_with_its_alpha(moving: Path) -> None:
    check(iter(read_frames(moving)))
    check(iter(read_frames(moving, threads=1)))
    check(iter(read_frames(moving, start=400_000)), first=4)
    with Demuxer(moving) as demuxer:
        read = demuxer.streams[demuxer.stream]
        parts = [one.index for one in demuxer.streams if one.part_of == demuxer.stream]
        assert (read.part_of, len(parts)) == (None, 1)
        check(iter(read_frames(demuxer)))
    [frame, *rest] = read_frames(moving, stream=parts[0])  # who asks for it alone gets it alone
    assert frame.format == "GRAY8" and len(rest) == FRAMES - 1
    for one in (frame, *rest):
        one.close()


def test_decoder_joins_what_the_demuxer_gives(moving: Path) -> None:
    frames: list[VideoFrame] = []
    with Demuxer(moving) as demuxer, VideoDecoder(frames.append, pytest.fail) as decoder:
        decoder.configure(demuxer.video_config)
        for chunk in demuxer.chunks():
            decoder.decode(chunk)
        decoder.flush().result(60)
        demuxer.seek(0)
        assert [chunk.type for chunk in demuxer.chunks()] == ["key", "delta", "delta"] * 2
        check(iter(frames))


def test_any_picture_has_its_alpha(moving: Path) -> None:
    colors, alphas = reference()
    with Video(moving) as video:
        assert len(video) == FRAMES
        for index in (5, 0, 3, 1, 4, 2):
            format, color, alpha = planes(video[index])
            assert format == "I420A"
            assert (color == colors[index]).all()
            assert (alpha == alphas[index]).all()


def test_device_that_decodes_no_alpha_is_left(moving: Path) -> None:
    check(iter(read_frames(moving, hardware_acceleration="prefer-hardware")))


@contextmanager
def pipe(data: bytes) -> Iterator[str]:
    """Give the name of a pipe out of which the data comes."""
    front, back = os.pipe()

    def write() -> None:
        with open(back, "wb") as file, suppress(BrokenPipeError):
            file.write(data)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        yield f"pipe:{front}"
    finally:
        os.close(front)
        writer.join()


def test_bytes_pipes_and_urls_tell_the_same() -> None:
    data = animated(alpha_first=True)
    check(iter(read_frames(data)))
    with closing(Web()) as web:
        web.pages["/a.avif"] = data
        check(iter(read_frames(f"{web.url}/a.avif")))
    with pipe(data) as name:
        check(iter(read_frames(name)))


def test_pictures_that_a_pipe_does_not_explain_are_refused() -> None:
    data = animated(alpha_first=True)
    at = data.index(b"mdat") - 4
    longer = data[:at] + struct.pack(">I4s", 1 << 21, b"free") + bytes((1 << 21) - 8)
    with pipe(longer + data[at:]) as name, pytest.raises(WebCodecsError):
        Demuxer(name)


def test_alpha_of_one_picture_is_that_of_all(tmp_path: Path) -> None:
    source = made(
        *("one-alpha.mp4", "-f", "lavfi", "-i", COLOR, "-f", "lavfi", "-i", ALPHA, "-map", "0"),
        *("-map", "1", *AV1, "-frames:v:0", str(FRAMES), "-frames:v:1", "1"),
        *("-pix_fmt:v:0", "yuv420p", "-pix_fmt:v:1", "gray"),
    )
    data = sequence(source.read_bytes(), {0: b"pict", 1: b"auxv"}, {1: 0})
    alphas = [planes(frame)[2] for frame in read_frames(data)]
    assert len(alphas) == FRAMES
    assert all((alpha == alphas[0]).all() for alpha in alphas)
    for skipped in range(FRAMES):  # at the key pictures, and between them
        rest = [planes(frame)[2] for frame in read_frames(data, start=skipped * 100_000)]
        assert len(rest) == FRAMES - skipped
        assert all((alpha == alphas[0]).all() for alpha in rest)


def test_damaged_alpha_is_an_error_after_the_frames_before() -> None:
    data = bytearray(animated())
    with Demuxer(bytes(data), stream=1) as demuxer:
        damaged = bytes(list(demuxer.chunks())[3].data)
    at = data.index(damaged)
    data[at : at + len(damaged)] = bytes([255]) * len(damaged)
    good: list[str | None] = []
    with pytest.raises(EncodingError) as caught:
        good.extend(planes(frame)[0] for frame in read_frames(bytes(data)))
    assert caught.value.timestamp == 300_000
    assert good == ["I420A"] * 3


def test_conversions_keep_alpha_or_say_that_they_do_not(tmp_path: Path) -> None:
    source = tmp_path / "a.avif"
    source.write_bytes(animated())
    result = remux(source, tmp_path / "a.mkv")
    assert (result.copied_streams, result.dropped_streams) == ([], [])
    check(iter(read_frames(tmp_path / "a.mkv")))
    with pytest.raises(NotSupportedError, match="mp4 cannot hold the chunks' alpha channel"):
        remux(source, tmp_path / "a.mp4")
    transcode(source, tmp_path / "a.webm", codec="vp9", alpha="keep", threads=1)
    for frame, alpha in zip(read_frames(tmp_path / "a.webm"), reference()[1], strict=True):
        format, _, have = planes(frame)
        assert format == "I420A"
        assert abs(have.astype(int) - alpha).mean() < 8


def test_depth_is_neither_alpha_nor_the_picture() -> None:
    data = sequence(
        tracks("alpha", "color").read_bytes(), {0: b"auxv", 1: b"pict"}, {0: 1}, urn=DEPTH
    )
    frames = list(read_frames(data))
    assert [frame.format for frame in frames] == ["I420"] * FRAMES
    for frame in frames:
        frame.close()
    with Demuxer(data) as demuxer:
        assert [stream.part_of for stream in demuxer.streams] == [1, None]


def test_alpha_that_is_not_joined_is_named() -> None:
    source = made(
        *("h264-tracks.mp4", "-f", "lavfi", "-i", ALPHA, "-f", "lavfi", "-i", COLOR, "-map", "0"),
        *("-map", "1", "-t", "0.6", "-c:v", "libx264", "-pix_fmt", "yuv420p", "-threads", "1"),
    )
    data = sequence(source.read_bytes(), {0: b"auxv"}, {0: 1}, brand=b"isom")
    with pytest.warns(UserWarning, match=r"the alpha channel of <bytes> \(h264, stream 0\)"):
        [first, *rest] = read_frames(data)
    with Demuxer(source, stream=1) as demuxer:
        [want, *others] = read_frames(demuxer)
    assert (first.planes[0].to_ndarray() == want.planes[0].to_ndarray()).all()
    for frame in (first, want, *rest, *others):
        frame.close()


# ---- stills


@pytest.fixture
def stills() -> None:
    """Skip the test where this FFmpeg reads no stills at all."""
    try:
        Demuxer(still([picture()])).close()
    except EncodingError as error:
        pytest.skip(str(error))


@pytest.mark.usefixtures("stills")
def test_still_avif_comes_with_its_alpha() -> None:
    data = still([picture(), alpha_picture()])
    [frame] = read_frames(data)
    [color] = read_frames(still([picture()]))
    [alpha] = read_frames(still([alpha_picture()._replace(references=(), hidden=False)]))
    with color, alpha:
        format, have, joined = planes(frame)
        assert format == "I420A"
        assert (have == color.planes[0].to_ndarray()).all()
        assert (joined == alpha.planes[0].to_ndarray()).all()
    with Demuxer(data) as demuxer:
        for _ in range(2):
            assert len(list(demuxer.chunks())) == 1
            demuxer.seek(0)


@functools.cache
def plain(color: str) -> Item:
    properties = [size_property(64, 64), av1_property()]
    return Item(b"av01", av1_picture(f"color={color}:s=64x64"), properties)


def variants() -> dict[str, bytes]:
    red, white, size = plain("red"), plain("white"), size_property(64, 64)
    alpha = plain("gray")._replace(properties=[size, av1_property(), alpha_property()])
    hidden = red._replace(hidden=True)
    tile = Item(b"grid", grid(1, 1, 64, 64), [size], [(b"dimg", [1])])
    both = Item(b"grid", grid(1, 2, 128, 64), [size_property(128, 64)], [(b"dimg", [1, 2])])
    return {
        "second": still([white, red], 2),
        "thumbnail": still([white._replace(references=[(b"thmb", [2])]), red], 2),
        "alpha first": still([alpha._replace(references=[(b"auxl", [2])]), red], 2),
        "Exif": still([red, Item(b"Exif", bytes(8), [], [(b"cdsc", [1])])]),
        "grid that is not the picture": still([red, white, both]),
        "same": still([hidden, Item(b"iden", b"", [size], [(b"dimg", [1])])], 2),
        "grid of one": still([hidden, tile], 2),
    }


STILLS = ("second", "thumbnail", "alpha first", "Exif", "grid that is not the picture")
DERIVED = ("same", "grid of one")


@pytest.mark.usefixtures("stills")
@pytest.mark.parametrize("name", [*STILLS, *DERIVED])
def test_picture_of_a_still_is_the_main_one(name: str) -> None:
    try:
        frames = list(read_frames(variants()[name]))
    except NotSupportedError as error:  # older releases do not read what others are made of
        assert name in DERIVED and "does not read" in str(error)
        return
    [frame] = frames
    with frame:
        assert frame.format == ("I420A" if name == "alpha first" else "I420")
        assert frame.planes[0].to_ndarray().mean() == pytest.approx(81, abs=1)  # red


@pytest.mark.usefixtures("stills")
@pytest.mark.parametrize(
    ("angle", "mirror", "turned"),
    [
        # `irot` counts quarters against the clock; `imir` 0 is top to bottom, 1 left to right
        (1, None, (270, False)),
        (2, None, (180, False)),
        (3, None, (90, False)),
        (None, 0, (180, True)),
        (None, 1, (0, True)),
        (1, 0, (90, True)),
        (None, None, (0, False)),
    ],
)
def test_still_is_turned_as_it_says(
    angle: int | None, mirror: int | None, turned: tuple[int, bool]
) -> None:
    said = [(b"irot", angle), (b"imir", mirror)]
    turns = [box(kind, bytes([value])) for kind, value in said if value is not None]
    data = still([picture()._replace(properties=[SIZE, av1_property(), *turns])])
    with Demuxer(data) as demuxer:
        config = demuxer.video_config
        assert (config.rotation, config.flip) == turned
    [frame] = read_frames(data)
    with frame:
        assert (frame.rotation, frame.flip) == turned


def tiled(kind: bytes = b"grid") -> bytes:
    colors = ("red", "green", "blue", "white")
    coded = [av1_picture(f"color={color}:s=64x64") for color in colors]
    size = size_property(64, 64)
    items = [Item(b"av01", one, [size, av1_property()], hidden=True) for one in coded]
    whole = grid(2, 2, 128, 120) if kind == b"grid" else bytes(24)
    refers = [(b"dimg", [1, 2, 3, 4])]
    return still([*items, Item(kind, whole, [size_property(128, 120)], refers)], primary=5)


@pytest.mark.usefixtures("stills")
@pytest.mark.parametrize(
    ("kind", "what"), [(b"grid", "a grid of 4 tiles"), (b"iovl", "iovl of 4 pictures")]
)
def test_tile_is_never_the_picture(kind: bytes, what: str, tmp_path: Path) -> None:
    data = tiled(kind)
    (tmp_path / "a.avif").write_bytes(data)
    for source in (data, tmp_path / "a.avif"):
        with pytest.raises(NotSupportedError, match=what):
            Demuxer(source)
        with pytest.raises(NotSupportedError, match=what):
            read_frames(source)
    with closing(Web()) as web:
        web.pages["/a.avif"] = data
        with pytest.raises(NotSupportedError, match=what):
            Demuxer(f"{web.url}/a.avif")
