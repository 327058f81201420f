"""encoder_options: FFmpeg's own options reach the encoder or are refused by name."""

from __future__ import annotations

from typing import Any

import pytest
from encode_helpers import (
    HEIGHT,
    WIDTH,
    config_of,
    decode,
    encode,
    frames,
    need,
    psnr,
    reference,
    refusal,
    settings,
    total,
)

from ffwebcodecs import NotSupportedError, VideoFrame
from ffwebcodecs._av.scale import cache

pytestmark = pytest.mark.divided

# ---- FFmpeg's own options ------------------------------------------------------------------------


def test_encoder_options_reach_the_encoder() -> None:
    need("libx264")
    outputs = encode(settings("avc1.64001E", encoder_options={"g": 2, "bf": 0}), frames(6))
    assert [output.chunk.type for output in outputs] == ["key", "delta"] * 3
    large = encode(settings("avc1.64001E", encoder_options={"crf": 5}), frames(6))
    assert total(large) > total(outputs) * 2


@pytest.mark.parametrize(
    ("codec", "name", "options"),
    [
        ("avc1.F4001E", "libx264", {"qp": 0}),
        ("vp09.00.10.08", "libvpx-vp9", {"lossless": 1}),
        ("ffmpeg:libx265", "libx265", {"x265-params": "lossless=1"}),
    ],
)
@pytest.mark.parametrize("mode", ["quality", "realtime"])
def test_lossless_by_encoder_options(
    codec: str, name: str, options: dict[str, Any], mode: str
) -> None:
    """Though we would set a quality, and that wins in the encoder."""
    need(name)
    format = "I444" if name == "libx264" else "I420"
    config = settings(codec, latency_mode=mode, encoder_options=options)
    outputs = encode(config, frames(5, format))
    for index, frame in enumerate(decode(outputs, config_of(outputs))):
        assert psnr(frame.rgb, reference(index, format)) > 60


@pytest.mark.parametrize(
    ("codec", "name"),
    [
        ("avc1.640028", "libx264"),
        ("hvc1.1.6.L93.B0", "libx265"),
        ("vp09.00.10.08", "libvpx-vp9"),
        ("av01.0.04M.08", "libsvtav1"),
        ("ffmpeg:mpeg4", "mpeg4"),
    ],
)
def test_bit_rate_by_encoder_options(codec: str, name: str) -> None:
    need(name)
    config = settings(codec, framerate=30) | {"width": 320, "height": 240}
    sizes = [
        total(encode({**config, "encoder_options": {"b": rate}}, frames(60, width=320, height=240)))
        for rate in (60_000, 1_000_000)
    ]
    assert sizes[0] * 2 < sizes[1]


def test_encoder_parameters_are_added_to_ours() -> None:
    need("libx264")
    options = {"x264-params": "keyint=3:bframes=0:scenecut=0"}
    outputs = encode(settings("avc1.64001E", encoder_options=options), frames(6))
    assert [output.chunk.type for output in outputs] == ["key", "delta", "delta"] * 2
    assert len(decode(outputs, config_of(outputs))) == 6  # still length-prefixed


@pytest.mark.parametrize("codec", ["avc1.42001E", "vp8", "av01.0.04M.08", "ffmpeg:mjpeg"])
def test_unknown_encoder_option_is_named(codec: str) -> None:
    need("libx264", "libvpx")
    error = refusal(settings(codec, encoder_options={"no-such-option": "x"}))
    assert isinstance(error, NotSupportedError)
    assert "no-such-option" in str(error)


def test_a_value_that_the_encoder_refuses_is_named() -> None:
    need("libvpx")
    error = refusal(settings("vp8", encoder_options={"cpu-used": "quick"}))
    assert "cpu-used=quick" in str(error)


@pytest.mark.parametrize(
    ("option", "value"),
    [("video_size", "4096x4096"), ("time_base", "1/5"), ("pkt_timebase", "1/5")],
)
@pytest.mark.parametrize("codec", ["avc1.42001E", "ffmpeg:mjpeg", "ffmpeg:ffv1"])
def test_options_that_would_contradict_the_frames_are_refused(
    codec: str, option: str, value: str
) -> None:
    need("libx264")
    error = refusal(settings(codec, encoder_options={option: value}))
    assert isinstance(error, NotSupportedError)
    assert option in str(error)


@pytest.mark.parametrize(
    ("codec", "name", "said"),
    [
        ("ffmpeg:mjpeg", "rgb24", "yuvj420p"),  # what it does take
        ("ffmpeg:ffv1", "no-such-format", "yuv420p"),
        ("avc1.42001E", "yuv444p", "avc1.42001E"),  # Baseline is 4:2:0
    ],
)
def test_pixel_format_that_cannot_be_is_refused(codec: str, name: str, said: str) -> None:
    need("libx264")
    error = refusal(settings(codec, encoder_options={"pixel_format": name}))
    assert isinstance(error, NotSupportedError)
    assert name in str(error)
    assert said in str(error)


@pytest.mark.parametrize("option", ["pixel_format", "pix_fmt"])
def test_pixel_format_is_what_the_encoder_gets(option: str) -> None:
    # An RGB frame alone would become 4:4:4, in which nothing of it is lost.
    found = []
    for options in ({}, {option: "yuvj420p"}):
        made = frames(1, "RGBA")
        outputs = encode(settings("ffmpeg:mjpeg", encoder_options=options), made)
        found.append(decode(outputs, config_of(outputs))[0].format)
    assert found == ["I444", "I420"]


def test_full_range_frame_is_given_to_the_jpeg_encoder_as_it_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(cache, "convert", None)  # nothing may be converted
    jpeg = {"matrix": "smpte170m", "primaries": "bt709", "transfer": "bt709", "full_range": True}
    pixels = bytes(range(96)) * (HEIGHT * 3 // 2)
    with VideoFrame(
        pixels,
        format="I420",
        coded_width=WIDTH,
        coded_height=HEIGHT,
        timestamp=0,
        color_space=jpeg,
    ) as frame:
        assert len(encode(settings("ffmpeg:mjpeg"), [frame])) == 1


@pytest.mark.parametrize(
    ("codec", "size", "parameter"),
    [
        ("hvc1.1.6.L150.B0", (640, 360), "ctu=16"),
        ("hvc1.1.6.L93.B0", (48, 48), "ref=1:ctu=64"),
        ("hvc1.1.6.L93.B0", (48, 48), "cutree=1"),
        ("hvc1.1.6.L93.B0", (48, 48), "no-cutree=0"),
        ("hvc1.1.6.L93.B0", (640, 360), "level-idc=6.2"),
    ],
)
def test_x265_parameters_that_crash_it_are_refused(
    codec: str, size: tuple[int, int], parameter: str
) -> None:
    need("libx265")
    config = {"codec": codec, "width": size[0], "height": size[1]}
    error = refusal({**config, "encoder_options": {"x265-params": parameter}})
    assert isinstance(error, NotSupportedError)
    assert parameter.rpartition(":")[2].partition("=")[0] in str(error)


# ---- copies --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("codec", "format", "conversions"),
    [
        ("avc1.42001E", "I420", 0),
        ("avc1.42001E", "NV12", 0),
        ("avc1.42001E", "I420A", 0),
        ("avc1.7A001E", "I422P10", 0),
        ("vp8", "I420", 0),
        ("ffmpeg:png", "RGBA", 3),
        ("ffmpeg:png", "RGB", 0),
        ("avc1.42001E", "RGBA", 3),
        ("vp8", "NV12", 3),
    ],
)
def test_pixels_are_converted_once_or_not_at_all(
    codec: str, format: str, conversions: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    need("libx264", "libvpx")
    calls = []
    convert = cache.convert

    def counted(source: Any, destination: Any) -> None:
        calls.append(destination.pix_fmt)
        convert(source, destination)

    monkeypatch.setattr(cache, "convert", counted)
    made = list(frames(3, format))
    calls.clear()
    assert len(encode(settings(codec), made)) == 3
    assert len(calls) == conversions
