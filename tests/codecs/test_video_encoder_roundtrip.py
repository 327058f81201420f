"""What VideoEncoder writes, VideoDecoder and the ffmpeg program read: near the source, codec by
codec.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from clips import passthrough, run_ffmpeg
from encode_helpers import (
    HEIGHT,
    STEP,
    WIDTH,
    Output,
    config_of,
    decode,
    encode,
    frame_of,
    frames,
    need,
    picture,
    psnr,
    reference,
    settings,
)
from hardware_helpers import FORMAT, KINDS, on_device

from ffwebcodecs import VideoDecoderConfig, VideoFrame
from ffwebcodecs._spec.frames.formats import get_format

pytestmark = pytest.mark.divided

AVC, HEVC, AV1 = ("libx264", "libopenh264"), ("libx265",), ("libsvtav1", "libaom-av1", "librav1e")
COUNT = 6
# codec string, encoders, format of the frames, what decodes, least PSNR in dB
CODECS: list[tuple[str, tuple[str, ...], str, str, float]] = [
    ("avc1.42001E", AVC, "I420", "I420", 34),
    ("avc1.4D001E", AVC, "I420", "I420", 34),
    ("avc1.64001E", AVC, "I420", "I420", 34),
    ("avc3.64001E", AVC, "NV12", "I420", 34),
    ("avc1.6E001E", ("libx264",), "I420P10", "I420P10", 34),
    ("avc1.7A001E", ("libx264",), "I422", "I422", 33),
    ("avc1.7A001E", ("libx264",), "I422P10", "I422P10", 33),
    ("avc1.F4001E", ("libx264",), "I444", "I444", 32),
    ("hvc1.1.6.L93.B0", HEVC, "I420", "I420", 32),
    ("hev1.1.6.L93.B0", HEVC, "I420", "I420", 32),
    ("hvc1.2.4.L93.B0", HEVC, "I420P10", "I420P10", 32),
    ("hvc1.4.10.L93.9D.8", HEVC, "I422P10", "I422P10", 30),
    ("vp8", ("libvpx",), "I420", "I420", 35),
    ("vp09.00.10.08", ("libvpx-vp9",), "I420", "I420", 34),
    ("vp09.01.10.08.03", ("libvpx-vp9",), "I444", "I444", 32),
    ("vp09.01.10.08.02", ("libvpx-vp9",), "I422", "I422", 32),
    ("vp09.02.10.10", ("libvpx-vp9",), "I420P10", "I420P10", 35),
    ("vp09.02.10.12", ("libvpx-vp9",), "I420P12", "I420P12", 35),
    ("av01.0.04M.08", AV1, "I420", "I420", 31),
    ("av01.0.04M.10", AV1, "I420P10", "I420P10", 32),
    ("av01.1.04M.08", ("libaom-av1",), "I444", "I444", 32),
    ("ffmpeg:mjpeg", ("mjpeg",), "I420", "I420", 35),
    ("ffmpeg:mpeg4", ("mpeg4",), "I420", "I420", 35),
    ("ffmpeg:mpeg2video", ("mpeg2video",), "I420", "I420", 35),
    ("ffmpeg:prores", ("prores",), "I422P10", "I422P10", 40),
    ("ffmpeg:ffv1", ("ffv1",), "I444P10", "I444P10", 98),
    ("ffmpeg:png", ("png",), "RGB", "RGB", 98),
    ("ffmpeg:huffyuv", ("huffyuv",), "I422", "I422", 98),
    ("ffmpeg:utvideo", ("utvideo",), "I420", "I420", 98),
    ("ffmpeg:rawvideo", ("rawvideo",), "NV12", "NV12", 98),
    ("ffmpeg:qtrle", ("qtrle",), "RGB", "RGB", 98),
    ("ffmpeg:gif", ("gif",), "RGB", "BGRA", 18),
]
IDS = [f"{codec}-{format}" for codec, _, format, _, _ in CODECS]


@pytest.mark.parametrize(("codec", "encoders", "format", "decoded", "floor"), CODECS, ids=IDS)
def test_round_trip_is_near_the_source(
    codec: str, encoders: tuple[str, ...], format: str, decoded: str, floor: float
) -> None:
    need(*encoders, depth=get_format(format).depth)
    # x265's threads once in a long while divide the bits otherwise: enough of them for that too.
    rich = {"bitrate": 1_000_000} if encoders == HEVC else {}
    outputs = encode(settings(codec, **rich), frames(COUNT, format))
    assert len(outputs) == COUNT
    assert outputs[0].chunk.type == "key"
    found = decode(outputs, config_of(outputs))
    assert [frame.timestamp for frame in found] == [index * STEP for index in range(COUNT)]
    assert {frame.duration for frame in found} == {STEP}
    assert {frame.format for frame in found} == {decoded}
    for index, frame in enumerate(found):
        assert psnr(frame.rgb, reference(index, format)) > floor


def annexb(outputs: list[Output]) -> bytes:
    return b"".join(bytes(output.chunk.data) for output in outputs)


def ivf(outputs: list[Output], fourcc: bytes) -> bytes:
    header = b"DKIF" + (0).to_bytes(2, "little") + (32).to_bytes(2, "little") + fourcc
    header += WIDTH.to_bytes(2, "little") + HEIGHT.to_bytes(2, "little")
    header += (1_000_000).to_bytes(4, "little") + (1).to_bytes(4, "little")
    header += len(outputs).to_bytes(4, "little") + bytes(4)
    parts = [header]
    for output in outputs:
        data = bytes(output.chunk.data)
        time = output.chunk.timestamp.to_bytes(8, "little")
        parts += [len(data).to_bytes(4, "little"), time, data]
    return b"".join(parts)


RAW: list[tuple[str, tuple[str, ...], dict[str, Any], str, bytes]] = [
    ("avc1.64001E", AVC, {"avc": {"format": "annexb"}}, "h264", b""),
    ("hev1.1.6.L93.B0", HEVC, {"hevc": {"format": "annexb"}}, "hevc", b""),
    ("vp8", ("libvpx",), {}, "ivf", b"VP80"),
    ("vp09.00.10.08", ("libvpx-vp9",), {}, "ivf", b"VP90"),
    ("av01.0.04M.08", AV1, {}, "ivf", b"AV01"),
]


@pytest.mark.parametrize(("codec", "encoders", "members", "kind", "fourcc"), RAW)
def test_the_ffmpeg_program_reads_what_we_write(
    codec: str,
    encoders: tuple[str, ...],
    members: dict[str, Any],
    kind: str,
    fourcc: bytes,
    tmp_path: Path,
) -> None:
    need(*encoders)
    outputs = encode(settings(codec, **members), frames(COUNT))
    path = tmp_path / f"stream.{kind}"
    path.write_bytes(ivf(outputs, fourcc) if fourcc else annexb(outputs))
    data = run_ffmpeg(*("-i", path, *passthrough(), "-f", "rawvideo", "-pix_fmt", "yuv420p", "-"))
    size = WIDTH * HEIGHT * 3 // 2
    assert len(data) == COUNT * size
    for index in range(COUNT):
        with (
            VideoFrame(
                data[index * size : (index + 1) * size],
                format="I420",
                coded_width=WIDTH,
                coded_height=HEIGHT,
                timestamp=0,
            ) as frame,
        ):
            assert psnr(frame.to_ndarray("RGB"), reference(index)) > 31


@pytest.mark.parametrize("codec", ["vp8", "vp09.00.10.08", "av01.0.04M.08"])
def test_odd_sizes(codec: str) -> None:
    need(*{"vp8": ("libvpx",), "av01.0.04M.08": AV1}.get(codec, ("libvpx-vp9",)))
    outputs = encode(settings(codec, width=65, height=35), frames(3, "I420", width=65, height=35))
    found = decode(outputs, config_of(outputs))
    assert [frame.rgb.shape for frame in found] == [(35, 65, 3)] * 3
    assert psnr(found[0].rgb, reference(0, width=65, height=35)) > 30


# ---- what frames may look like -------------------------------------------------------------------


@pytest.mark.parametrize("format", ["RGB", "RGBA", "BGRX", "NV12", "I444", "I420A", "I422P10"])
@pytest.mark.parametrize("codec", ["avc1.42001E", "vp8"])
def test_frames_of_other_formats_are_converted(codec: str, format: str) -> None:
    need("libx264" if codec != "vp8" else "libvpx")
    outputs = encode(settings(codec), frames(3, format))
    found = decode(outputs, config_of(outputs))
    assert found[0].color == ("bt709", "bt709", "bt709", False)
    for index, frame in enumerate(found):
        assert psnr(frame.rgb, picture(index)) > 28


def test_gray_frames_are_encoded() -> None:
    need("libx264")
    outputs = encode(settings("avc1.64001E"), frames(2, "GRAY8"))
    found = decode(outputs, config_of(outputs))
    assert psnr(found[0].rgb, reference(0, "GRAY8")) > 33


def test_only_the_visible_rect_is_encoded() -> None:
    need("libx264")
    whole = frame_of(0, width=WIDTH + 32, height=HEIGHT + 16)
    rect = (16, 8, WIDTH, HEIGHT)
    with whole, VideoFrame(whole, visible_rect=rect, timestamp=0) as part:
        wanted = part.to_ndarray("RGB")
        outputs = encode(settings("avc1.42001E"), [part])
    found = decode(outputs, config_of(outputs))
    assert psnr(found[0].rgb, wanted) > 34


@pytest.mark.parametrize("size", [(48, 32), (192, 128), (WIDTH, HEIGHT + 2)])
def test_frames_of_another_size_are_scaled(size: tuple[int, int]) -> None:
    need("libx264")
    outputs = encode(settings("avc1.42001E"), frames(2, "I420", width=size[0], height=size[1]))
    found = decode(outputs, config_of(outputs))
    assert found[0].rgb.shape == (HEIGHT, WIDTH, 3)
    scale_x, scale_y = size[0] / WIDTH, size[1] / HEIGHT
    source = picture(0, *size).astype(float)
    # The colour at the middle of each quarter stays where it was.
    for x in (WIDTH // 4, 3 * WIDTH // 4):
        for y in (HEIGHT // 4, 3 * HEIGHT // 4):
            assert np.allclose(
                found[0].rgb[y, x], source[int(y * scale_y), int(x * scale_x)], atol=24
            )


@pytest.mark.parametrize("codec", ["avc1.42001E", "vp09.00.10.08", "ffmpeg:mpeg4", "ffmpeg:ffv1"])
def test_lent_memory_of_any_layout_is_read_and_not_written(codec: str) -> None:
    need("libx264", "libvpx-vp9")
    stride, gap = WIDTH + 13, 5
    chroma = WIDTH // 2 + 7
    layout = [
        (gap, stride),
        (gap + stride * HEIGHT, chroma),
        (gap + stride * HEIGHT + chroma * HEIGHT // 2, chroma),
    ]
    size = layout[2][0] + chroma * (HEIGHT // 2 - 1) + WIDTH // 2
    memories = []
    for index in range(3):
        with frame_of(index) as frame:
            memory = bytearray(b"\xee") * (layout[2][0] + chroma * HEIGHT // 2)
            frame.copy_to(memory, layout=layout)
            memories.append(memory[:size] + bytes(max(0, layout[2][0] + chroma * 32 - size)))
    before = [bytes(memory) for memory in memories]
    lent = (
        VideoFrame(
            memory,
            format="I420",
            coded_width=WIDTH,
            coded_height=HEIGHT,
            timestamp=index * STEP,
            layout=layout,
            transfer=True,
        )
        for index, memory in enumerate(memories)
    )
    outputs = encode(settings(codec), lent)
    assert [bytes(memory) for memory in memories] == before
    found = decode(outputs, config_of(outputs))
    assert psnr(found[2].rgb, reference(2)) > 30


SPACES = [
    {"primaries": "bt709", "transfer": "bt709", "matrix": "bt709", "full_range": True},
    {"primaries": "smpte170m", "transfer": "smpte170m", "matrix": "smpte170m"}
    | {"full_range": False},
    {"primaries": "bt2020", "transfer": "pq", "matrix": "bt2020-ncl", "full_range": False},
    {"primaries": "smpte432", "transfer": "iec61966-2-1", "matrix": "bt470bg"}
    | {"full_range": True},
]


@pytest.mark.parametrize("space", SPACES)
@pytest.mark.parametrize("codec", ["avc1.64001E", "hvc1.1.6.L93.B0", "av01.0.04M.08"])
def test_color_space_is_in_the_stream_itself(codec: str, space: dict[str, Any]) -> None:
    need(*{"avc1.64001E": AVC, "av01.0.04M.08": AV1}.get(codec, HEVC))
    outputs = encode(settings(codec), frames(2, color_space=space))
    config = config_of(outputs)
    assert config.color_space is not None
    members = tuple(space.values())
    for tried in (config, replace(config, color_space=None)):
        assert {frame.color for frame in decode(outputs, tried)} == {members}


@pytest.mark.parametrize("codec", ["vp8", "vp09.00.10.08"])
def test_color_space_comes_back_through_the_decoder_config(codec: str) -> None:
    need("libvpx-vp9")
    space = SPACES[2]
    outputs = encode(settings(codec), frames(2, color_space=space))
    assert {frame.color for frame in decode(outputs, config_of(outputs))} == {tuple(space.values())}


def test_a_change_of_color_in_the_middle_is_converted() -> None:
    need("libx264")
    mixed = [frame_of(0), frame_of(1, "RGB"), frame_of(2, "NV12")]
    outputs = encode(settings("avc1.64001E"), mixed)
    found = decode(outputs, config_of(outputs))
    assert {frame.color for frame in found} == {("bt709", "bt709", "bt709", False)}
    for index, frame in enumerate(found):
        assert psnr(frame.rgb, picture(index)) > 28


OTHERS: dict[str, dict[str, Any]] = {
    "format": {"format": "NV12"},
    "range": {"color_space": {**SPACES[0], "full_range": False}},
    "matrix": {"color_space": {**SPACES[0], "matrix": "bt2020-ncl"}},
    "part": {"width": WIDTH + 32},
}


def on_the_right(frame: VideoFrame) -> VideoFrame:
    """Show what is behind the first 32 columns of a wide frame."""
    if frame.coded_width == WIDTH:
        return frame
    rect = (frame.coded_width - WIDTH, 0, WIDTH, HEIGHT)
    with frame:
        return VideoFrame(frame, visible_rect=rect, timestamp=frame.timestamp)


@pytest.mark.parametrize("what", OTHERS)
@pytest.mark.parametrize(("codec", "name"), [("ffmpeg:ffv1", "ffv1"), ("avc1.64001E", "libx264")])
def test_every_frame_is_read_as_what_it_is(codec: str, name: str, what: str) -> None:
    need(name)
    options = [{"color_space": SPACES[0]}, {"color_space": SPACES[0], **OTHERS[what]}]
    mixed = [on_the_right(frame_of(index, **options[index % 2])) for index in range(4)]
    wanted = [frame.to_ndarray("RGB") for frame in mixed]
    outputs = encode(settings(codec, bitrate=12_000_000), mixed)
    for frame, pixels in zip(decode(outputs, config_of(outputs)), wanted, strict=True):
        assert psnr(frame.rgb, pixels) > 40


def test_what_only_the_encoder_knows_survives_a_replaced_member() -> None:
    need("rawvideo")  # nothing in its stream says what the bytes mean
    outputs = encode(settings("ffmpeg:rawvideo"), frames(2))
    config = replace(VideoDecoderConfig.parse(config_of(outputs)), threads=1)
    for index, frame in enumerate(decode(outputs, config)):
        assert np.array_equal(frame.rgb, reference(index))


# ---- alpha ---------------------------------------------------------------------------------------


def transparent(index: int) -> VideoFrame:
    alpha = np.mgrid[0:HEIGHT, 0:WIDTH][1].astype(np.uint8) * 2 + np.uint8(index)
    rgba = np.ascontiguousarray(np.dstack([picture(index), alpha]))
    return VideoFrame.from_ndarray(rgba, timestamp=index * STEP)


@pytest.mark.parametrize(("codec", "name"), [("vp09.00.10.08", "libvpx-vp9"), ("vp8", "libvpx")])
def test_alpha_is_kept_beside_the_picture(codec: str, name: str) -> None:
    need(name)
    outputs = encode(settings(codec, alpha="keep"), (transparent(index) for index in range(3)))
    assert all(output.metadata.alpha_side_data for output in outputs)
    from ffwebcodecs import VideoDecoder

    found = []
    with VideoDecoder(
        lambda frame: found.append((frame.format, frame.to_ndarray("RGBA"), frame.close())), print
    ) as decoder:
        decoder.configure(replace(config_of(outputs), codec=f"ffmpeg:{name}"))
        for output in outputs:
            decoder.decode(output.chunk)
        decoder.flush().result(10)
    assert [format for format, _, _ in found] == ["I420A"] * 3
    for index, (_, rgba, _) in enumerate(found):
        with transparent(index) as frame:
            assert psnr(rgba[..., 3], frame.to_ndarray("RGBA")[..., 3]) > 35


def test_alpha_is_discarded_by_default() -> None:
    need("libvpx-vp9")
    outputs = encode(settings("vp09.00.10.08"), [transparent(0)])
    assert outputs[0].metadata.alpha_side_data is None


@pytest.mark.parametrize("kind", KINDS)
def test_frames_on_a_device_are_downloaded(kind: str) -> None:
    need("libx264")
    with frame_of(0, FORMAT[kind]) as source, on_device(kind, source) as frame:
        outputs = encode(settings("avc1.42001E"), [frame])
    found = decode(outputs, config_of(outputs))
    assert psnr(found[0].rgb, reference(0, FORMAT[kind])) > 33
