"""VideoEncoder, sentence by sentence of the specification."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from decode_helpers import TIMEOUT
from encode_helpers import (
    AVC,
    HEIGHT,
    STEP,
    VP8,
    WIDTH,
    Outputs,
    config_of,
    decode,
    encode,
    frame_of,
    frames,
    need,
    psnr,
    reference,
    settings,
)

from ffwebcodecs import (
    AbortError,
    DataError,
    EncodedVideoChunk,
    EncodedVideoChunkMetadata,
    InvalidArgumentError,
    InvalidStateError,
    NotSupportedError,
    VideoEncoder,
    VideoEncoderConfig,
)

AV1_ENCODERS = ["libsvtav1", "libaom-av1", "librav1e"]
INVALID_CONFIGS: list[Any] = [
    None,
    "vp8",
    {},
    {"codec": "vp8"},
    {"codec": "vp8", "width": 64},
    {**VP8, "codec": ""},
    {**VP8, "codec": " "},
    {**VP8, "width": 0},
    {**VP8, "height": -1},
    {**VP8, "display_width": 0},
    {**VP8, "bitrate": 0},
    {**VP8, "bitrate": "fast"},
    {**VP8, "alpha": "maybe"},
    {**VP8, "bitrate_mode": "fast"},
    {**VP8, "latency_mode": "slow"},
    {**VP8, "hardware_acceleration": "gpu"},
    {**VP8, "avc": {"format": "raw"}},
    {**VP8, "encoder_options": "fast"},
    {**VP8, "encoder_options": {"a": object()}},
    {**VP8, "encoder_options": {1: "a"}},
    {**VP8, "threads": 0},
]
UNSUPPORTED_CONFIGS: list[dict[str, Any]] = [
    settings("vp9"),
    settings("theora"),
    settings("ffmpeg:no_such_codec"),
    settings("avc1.42001E", width=95),
    settings("avc1.42001E", height=63),
    settings("avc1.7A001E", width=95),
    settings("avc1.42000A", width=1280, height=720),
    settings("avc1.42001E", width=1280, height=720),
    settings("hvc1.1.6.L93.B0", framerate=20000),
    settings("avc1.42001E", bitrate=50_000_000),
    settings("avc1.42007F"),
    settings("hvc1.1.6.L30.B0", width=640, height=480),
    settings("avc1.2C001E"),
    settings("vp8", framerate=0),
    settings("vp8", framerate=-1),
    settings("vp8", scalability_mode="L3T3"),
    settings("vp8", scalability_mode=""),
    settings("avc1.42001E", scalability_mode="L1T2"),
    settings("vp8", bitrate_mode="quantizer"),
    settings("vp09.00.10.08", bitrate_mode="quantizer"),
    settings("avc1.42001E", alpha="keep"),
    settings("vp8", encoder_options={"no-such-option": 1}),
    settings("vp8", width=100_000),
]


@pytest.mark.parametrize("config", INVALID_CONFIGS)
def test_invalid_config_is_refused_at_once_and_changes_nothing(config: Any) -> None:
    outputs = Outputs()
    with outputs.encoder() as encoder:
        with pytest.raises(InvalidArgumentError):
            encoder.configure(config)
        assert encoder.state == "unconfigured"
    with pytest.raises(InvalidArgumentError):
        VideoEncoder.is_config_supported(config)
    with pytest.raises(InvalidArgumentError):
        encoder.configure(config)  # before the state is looked at


@pytest.mark.parametrize(
    ("config", "encoders"),
    [
        (settings("av01.0.04M.08", width=1280, height=720, framerate=60), AV1_ENCODERS),
        (settings("av01.0.02M.08", bitrate=50_000_000), AV1_ENCODERS),
        (settings("avc1.42001F", width=1280, height=720, framerate=120), ["libx264"]),
        (settings("avc1.42001E", framerate=2000, latency_mode="realtime"), ["libx264"]),
    ],
)
def test_levels_of_av1_and_frame_rates_of_avc_are_no_limits(
    config: dict[str, Any], encoders: list[str]
) -> None:
    need(*encoders)
    assert VideoEncoder.is_config_supported(config).supported
    outputs = encode(config, frames(2))
    assert config_of(outputs).codec == config["codec"]
    assert len(decode(outputs, config_of(outputs))) == 2


@pytest.mark.parametrize("config", UNSUPPORTED_CONFIGS)
def test_unsupported_config_closes_with_the_reason(config: dict[str, Any]) -> None:
    assert VideoEncoder.is_config_supported(config).supported is False
    outputs = Outputs()
    encoder = outputs.encoder()
    encoder.configure(config)
    assert encoder.state == "configured" or outputs.errors
    assert outputs.failed.wait(TIMEOUT)
    assert encoder.state == "closed"
    (error,) = outputs.errors
    assert isinstance(error, NotSupportedError)
    assert str(error)


def test_supported_config_comes_back_with_defaults() -> None:
    need("libvpx")
    support = VideoEncoder.is_config_supported({**VP8, "unknown": 1, "contentHint": "text"})
    assert support.supported
    assert support.config == VideoEncoderConfig(
        codec="vp8", width=WIDTH, height=HEIGHT, latency_mode="realtime", content_hint="text"
    )
    assert (support.config.alpha, support.config.bitrate_mode) == ("discard", "variable")


@pytest.mark.parametrize("pair", [(None, print), (print, None), (1, print)])
def test_callbacks_must_be_callable(pair: tuple[Any, Any]) -> None:
    with pytest.raises(InvalidArgumentError):
        VideoEncoder(*pair)


def test_new_encoder_is_unconfigured_and_empty() -> None:
    with Outputs().encoder() as encoder:
        assert (encoder.state, encoder.encode_queue_size) == ("unconfigured", 0)
        assert encoder.encoder_name is None


def test_closed_frame_is_refused_before_the_state() -> None:
    outputs = Outputs()
    frame = frame_of(0)
    frame.close()
    with outputs.encoder() as encoder:
        with pytest.raises(InvalidArgumentError):
            encoder.encode(frame)
        with frame_of(0) as frame, pytest.raises(InvalidStateError):
            encoder.encode(frame)
        with pytest.raises(InvalidArgumentError):
            encoder.encode(object())  # type: ignore[arg-type]
    with frame_of(0) as frame, pytest.raises(InvalidStateError):
        encoder.encode(frame)


def test_methods_of_a_closed_encoder_raise() -> None:
    encoder = Outputs().encoder()
    encoder.close()
    encoder.close()
    assert encoder.state == "closed"
    with pytest.raises(InvalidStateError):
        encoder.configure(VP8)
    with pytest.raises(InvalidStateError):
        encoder.reset()
    with pytest.raises(InvalidStateError):
        encoder.flush().result(TIMEOUT)


def test_frames_may_be_closed_at_once() -> None:
    need("libx264")
    outputs = Outputs()
    with outputs.encoder() as encoder:
        encoder.configure(AVC)
        for index in range(4):
            frame = frame_of(index)
            encoder.encode(frame)
            frame.close()
            assert frame.closed
        encoder.flush().result(TIMEOUT)
    found = decode(outputs.list, config_of(outputs.list))
    assert all(psnr(frame.rgb, reference(index)) > 33 for index, frame in enumerate(found))


def test_the_first_chunk_is_a_key_with_a_decoder_config_and_no_other_has_one() -> None:
    need("libx264")
    outputs = encode(AVC, frames(5))
    assert [output.chunk.type for output in outputs] == ["key"] + ["delta"] * 4
    config = config_of(outputs)
    assert (config.codec, config.coded_width, config.coded_height) == (
        "avc1.42001E",
        WIDTH,
        HEIGHT,
    )
    assert config.display_aspect_width is None
    assert isinstance(config.description, bytes)
    assert config.description[0] == 1
    assert config.color_space is not None
    assert None not in config.color_space.to_json().values()
    assert all(output.metadata == EncodedVideoChunkMetadata() for output in outputs[1:])
    assert all(isinstance(output.chunk, EncodedVideoChunk) for output in outputs)


def test_display_size_and_orientation_are_in_the_decoder_config() -> None:
    need("libvpx")
    config = settings("vp8", display_width=200, display_height=100)
    outputs = encode(config, frames(2, rotation=90, flip=True))
    found = config_of(outputs)
    assert (found.display_aspect_width, found.display_aspect_height) == (200, 100)
    assert (found.rotation, found.flip) == (90, True)


def test_frame_turned_otherwise_is_refused_without_harm() -> None:
    need("libvpx")
    outputs = Outputs()
    with outputs.encoder() as encoder:
        encoder.configure(VP8)
        with frame_of(0, rotation=90) as frame:
            encoder.encode(frame)
        for options in ({"rotation": 180}, {"rotation": 90, "flip": True}, {}):
            with frame_of(1, **options) as frame, pytest.raises(DataError):
                encoder.encode(frame)
        with frame_of(2, rotation=90) as frame:
            encoder.encode(frame)
        encoder.flush().result(TIMEOUT)
        assert encoder.state == "configured"
        encoder.configure(VP8)
        with frame_of(3, rotation=180) as frame:
            encoder.encode(frame)
        encoder.flush().result(TIMEOUT)
    assert [output.chunk.timestamp for output in outputs.list] == [0, 2 * STEP, 3 * STEP]
    assert not outputs.errors


def test_key_frame_can_be_asked_for() -> None:
    for codec, name in (
        ("avc1.42001E", "libx264"),
        ("hvc1.1.6.L93.B0", "libx265"),
        ("vp8", "libvpx"),
        ("vp09.00.10.08", "libvpx-vp9"),
        ("av01.0.04M.08", "libsvtav1"),
        ("av01.1.04M.08", "libaom-av1"),
        ("ffmpeg:mpeg4", "mpeg4"),
    ):
        need(name)
        outputs = encode(settings(codec), frames(6), lambda index: {"key_frame": index in (0, 3)})
        keys = [output.chunk.timestamp for output in outputs if output.chunk.type == "key"]
        assert keys == [0, 3 * STEP], codec
        assert len(outputs) == 6
        # The second half decodes alone.
        at = next(i for i, o in enumerate(outputs) if o.chunk.timestamp == 3 * STEP)
        assert len(decode(outputs[at:], config_of(outputs))) == 3


def test_flush_gives_everything_and_encoding_goes_on() -> None:
    need("libx264")
    outputs = Outputs()
    with outputs.encoder() as encoder:
        encoder.configure(AVC)
        for start in (0, 5):
            for index in range(start, start + 5):
                with frame_of(index) as frame:
                    encoder.encode(frame)
            encoder.flush().result(TIMEOUT)
            assert len(outputs.list) == start + 5
        assert encoder.encode_queue_size == 0
    configs = [output.metadata.decoder_config for output in outputs.list]
    assert [index for index, config in enumerate(configs) if config] == [0]
    found = decode(outputs.list, config_of(outputs.list))
    assert [frame.timestamp for frame in found] == [index * STEP for index in range(10)]


def test_flush_in_realtime_makes_no_key_frame() -> None:
    need("libx264")
    outputs = Outputs()
    with outputs.encoder() as encoder:
        encoder.configure({**AVC, "latency_mode": "realtime"})
        for index in range(4):
            with frame_of(index) as frame:
                encoder.encode(frame)
            encoder.flush().result(TIMEOUT)
    assert [output.chunk.type for output in outputs.list] == ["key", "delta", "delta", "delta"]


def test_flush_of_an_unconfigured_encoder_fails() -> None:
    with Outputs().encoder() as encoder, pytest.raises(InvalidStateError):
        encoder.flush().result(TIMEOUT)


def test_reset_forgets_and_the_decoder_config_comes_again() -> None:
    need("libvpx")
    outputs = Outputs()
    with outputs.encoder() as encoder:
        encoder.reset()
        encoder.configure(VP8)
        for index in range(30):
            with frame_of(index) as frame:
                encoder.encode(frame)
        flush = encoder.flush()
        encoder.reset()
        before = len(outputs.list)
        assert (encoder.state, encoder.encode_queue_size) == ("unconfigured", 0)
        with pytest.raises(AbortError):
            flush.result(TIMEOUT)
        encoder.configure(VP8)
        with frame_of(0) as frame:
            encoder.encode(frame)
        encoder.flush().result(TIMEOUT)
        assert len(outputs.list) == before + 1
        assert outputs.list[-1].metadata.decoder_config is not None
        assert outputs.list[-1].chunk.type == "key"


def test_close_rejects_a_flush_and_calls_no_error() -> None:
    need("libvpx")
    outputs = Outputs()
    encoder = outputs.encoder()
    encoder.configure(VP8)
    for index in range(30):
        with frame_of(index) as frame:
            encoder.encode(frame)
    flush = encoder.flush()
    encoder.close()
    count = len(outputs.list)
    if not flush.done():
        pytest.fail("a flush of a closed encoder is pending")
    assert len(outputs.list) == count
    assert not outputs.errors


def test_configure_again_keeps_older_outputs_and_tells_only_changes() -> None:
    need("libvpx")
    outputs = Outputs()
    with outputs.encoder() as encoder:
        sizes = [(WIDTH, HEIGHT), (WIDTH, HEIGHT), (WIDTH * 2, HEIGHT)]
        for number, (width, height) in enumerate(sizes):
            encoder.configure(
                {**VP8, "width": width, "height": height, "bitrate": 100_000 + number}
            )
            for index in range(2):
                with frame_of(2 * number + index) as frame:
                    encoder.encode(frame)
        encoder.flush().result(TIMEOUT)
    assert [output.chunk.timestamp for output in outputs.list] == [i * STEP for i in range(6)]
    configs = [output.metadata.decoder_config for output in outputs.list]
    assert [index for index, config in enumerate(configs) if config] == [0, 4]
    assert outputs.list[4].chunk.type == "key"


def test_the_same_configuration_again_goes_on() -> None:
    need("libvpx")
    outputs = Outputs()
    with outputs.encoder() as encoder:
        for index in range(3):
            encoder.configure(VP8)
            with frame_of(index) as frame:
                encoder.encode(frame)
        encoder.flush().result(TIMEOUT)
    assert [output.chunk.type for output in outputs.list] == ["key", "delta", "delta"]


def test_dequeue_is_announced_and_the_queue_runs_empty() -> None:
    need("libvpx")
    outputs = Outputs()
    called = threading.Event()
    with outputs.encoder() as encoder:
        encoder.on_dequeue = called.set
        encoder.configure(VP8)
        for index in range(3):
            with frame_of(index) as frame:
                encoder.encode(frame)
        encoder.flush().result(TIMEOUT)
        assert called.wait(TIMEOUT)
        assert encoder.encode_queue_size == 0


def test_queue_size_counts_frames_that_wait() -> None:
    need("libvpx")
    inside, go = threading.Event(), threading.Event()

    def output(_chunk: EncodedVideoChunk, _metadata: EncodedVideoChunkMetadata) -> None:
        inside.set()
        assert go.wait(TIMEOUT)

    with VideoEncoder(output, print) as encoder:
        encoder.configure(VP8)
        for index in range(4):
            with frame_of(index) as frame:
                encoder.encode(frame)
        assert inside.wait(TIMEOUT)
        assert encoder.encode_queue_size == 3
        go.set()
        encoder.flush().result(TIMEOUT)


def test_an_exception_of_the_output_callback_goes_to_error() -> None:
    need("libvpx")
    outputs = Outputs()

    def fail(_chunk: object, _metadata: object) -> None:
        raise ZeroDivisionError("mine")

    encoder = VideoEncoder(fail, outputs.error)
    encoder.configure(VP8)
    with frame_of(0) as frame:
        encoder.encode(frame)
    assert outputs.failed.wait(TIMEOUT)
    assert encoder.state == "closed"
    assert isinstance(outputs.errors[0], ZeroDivisionError)


def test_delivery_on_an_event_loop() -> None:
    import asyncio

    need("libvpx")
    threads = set()

    async def main() -> int:
        count = 0

        def output(_chunk: object, _metadata: object) -> None:
            nonlocal count
            count += 1
            threads.add(threading.current_thread())

        with VideoEncoder(output, print) as encoder:
            encoder.configure(VP8)
            for index in range(5):
                with frame_of(index) as frame:
                    encoder.encode(frame)
                assert count == 0  # never from inside the call
            await encoder.flush()
        return count

    assert asyncio.run(main()) == 5
    assert threads == {threading.current_thread()}
