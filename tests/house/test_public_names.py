"""Public objects say that they come from ffwebcodecs; pickles and tracebacks say nothing else."""

from __future__ import annotations

import copy
import inspect
import pickle
import pickletools
import traceback
import typing
from typing import Any

import pytest
from clips import CLIPS

import ffwebcodecs

PUBLIC = [name for name in ffwebcodecs.__all__ if name != "__version__"]
CLASSES = [name for name in PUBLIC if inspect.isclass(getattr(ffwebcodecs, name))]
# Owners of what another process cannot have.
OWNERS = {
    "AudioDataReader",
    "AudioEncoder",
    "AudioDecoder",
    "Demuxer",
    "FrameCache",
    "FrameReader",
    "ImageDecoder",
    "LiveFrames",
    "Muxer",
    "SharedFrames",
    "Video",
    "VideoDecoder",
    "VideoEncoder",
}
# What is closed, and can be sent all the same.
HELD = ("AudioData", "ImageBitmap", "VideoFrame")
# Views and promises of this process, and what holds an array of numpy's.
BOUND = {
    "AsyncReading",
    "AudioSamples",
    "Completion",
    "DevicePlane",
    "ImageDecodeResult",
    "ImageTrack",
    "ImageTrackList",
    "Plane",
    "VideoSample",
    "VideoSlice",
}

# What str() gives of a ticket for a frame in shared memory.
TICKET = "AQEAAAACAAAAAwAAAAQAAAAFAAAAAAAAAAABAgMEBQYHCAkKCwwNDg8AEAAAAAAAAAEAAAAAAAAA"


@pytest.mark.parametrize("name", PUBLIC)
def test_public_object_says_the_package_is_its_module(name: str) -> None:
    thing = getattr(ffwebcodecs, name)
    assert thing.__module__ == "ffwebcodecs"
    assert getattr(ffwebcodecs, thing.__qualname__) is thing


@pytest.mark.parametrize("name", PUBLIC)
def test_public_object_is_in_a_file_without_underscore(name: str) -> None:
    assert not ffwebcodecs._HOMES[name].rpartition(".")[2].startswith("_")


@pytest.mark.parametrize("name", CLASSES)
def test_type_hints_of_a_public_class_can_be_read(name: str) -> None:
    thing = getattr(ffwebcodecs, name)
    hints = typing.get_type_hints(thing)
    assert set(vars(thing).get("__annotations__", ())) <= set(hints)


@pytest.mark.parametrize(
    "name",
    [
        "read_audio",
        "read_audio_data",
        "read_audio_data_async",
        "read_frames",
        "read_frames_async",
        "remux",
        "transcode",
        "write_frames",
    ],
)
def test_type_hints_of_a_public_function_can_be_read(name: str) -> None:
    thing = getattr(ffwebcodecs, name)
    assert set(inspect.signature(thing).parameters) <= set(typing.get_type_hints(thing))


def test_annotations_name_nothing_private() -> None:
    for name in CLASSES:
        annotations = vars(getattr(ffwebcodecs, name)).get("__annotations__", {})
        shown = {key: value for key, value in annotations.items() if not key.startswith("_")}
        assert "ffwebcodecs._" not in str(shown), name


def test_type_hints_name_the_public_types() -> None:
    hints = typing.get_type_hints(ffwebcodecs.VideoEncoderSupport)
    assert hints["config"] is ffwebcodecs.VideoEncoderConfig
    assert hints["supported"] is bool
    hints = typing.get_type_hints(ffwebcodecs.EncodedVideoChunkMetadata)
    assert hints["decoder_config"] == ffwebcodecs.VideoDecoderConfig | None


def sound_encoder_values() -> dict[str, Any]:
    """Return those of `values` that an encoder of sound is configured with."""
    w = ffwebcodecs
    sound_encoder = w.AudioEncoderConfig(
        codec="opus",
        sample_rate=48000,
        number_of_channels=2,
        opus=w.OpusEncoderConfig(usedtx=True),
        aac=w.AacEncoderConfig(format="adts"),
        flac=w.FlacEncoderConfig(block_size=16),
    )
    return {
        "AacEncoderConfig": w.AacEncoderConfig(format="adts"),
        "AudioEncoderConfig": sound_encoder,
        "AudioEncoderSupport": w.AudioEncoderSupport(True, sound_encoder),
        "EncodedAudioChunkMetadata": w.EncodedAudioChunkMetadata(
            w.AudioDecoderConfig(codec="opus", sample_rate=48000, number_of_channels=2)
        ),
        "FlacEncoderConfig": w.FlacEncoderConfig(compress_level=8),
        "OpusEncoderConfig": w.OpusEncoderConfig(frame_duration=2500),
    }


def sounds() -> dict[str, Any]:
    """Return one of each public type of sound that can be pickled."""
    w = ffwebcodecs
    config = w.AudioDecoderConfig(
        codec="opus", sample_rate=48000, number_of_channels=2, description=b"1"
    )
    return {
        "AudioData": w.AudioData(
            format="s16",
            sample_rate=44100.5,
            number_of_frames=3,
            number_of_channels=2,
            timestamp=7,
            data=bytes(range(12)),
            channel_layout="stereo",
        ),
        "AudioDecoderConfig": config,
        "AudioDecoderSupport": w.AudioDecoderSupport(True, config),
        "EncodedAudioChunk": w.EncodedAudioChunk(type="key", timestamp=-3, duration=4, data=b"abc"),
    }


def pictures() -> dict[str, Any]:
    """Return one of each public type of picture that can be pickled."""
    w = ffwebcodecs
    frame = w.VideoFrame(
        bytes(24), format="I420", coded_width=4, coded_height=4, timestamp=7, metadata={"a": 1}
    )
    return {"VideoFrame": frame, "ImageBitmap": w.create_image_bitmap(frame)}


def of_a_file() -> dict[str, Any]:
    """Return what comes out of a file."""
    with ffwebcodecs.Video(CLIPS[0].path()) as video:
        return {"FrameRef": video.ref[3], "VideoDecoderConfig": video.video_config}


def values() -> dict[str, Any]:
    """Return one of each public type that can be pickled."""
    w = ffwebcodecs
    config = w.VideoDecoderConfig(
        codec="avc1.42001E", color_space=w.VideoColorSpace(matrix="bt709"), description=b"\1"
    )
    encoder = w.VideoEncoderConfig(
        codec="hvc1.1.6.L93.B0",
        width=64,
        height=64,
        avc=w.AvcEncoderConfig(format="annexb"),
        hevc=w.HevcEncoderConfig(format="annexb"),
    )
    finding = w.Finding("gap", "note", "a gap", 1, 2, 40_000, 80_000, {"duration": 40_000})
    found: dict[str, Any] = {
        **sounds(),
        **of_a_file(),
        "CheckResult": w.CheckResult([finding]),
        "Finding": finding,
        "Av1EncoderConfig": w.Av1EncoderConfig(force_screen_content_tools=True),
        "AvcEncoderConfig": w.AvcEncoderConfig(format="annexb"),
        "EncodedVideoChunk": w.EncodedVideoChunk(type="key", timestamp=-3, duration=4, data=b"abc"),
        "EncodedVideoChunkMetadata": w.EncodedVideoChunkMetadata(config, w.SvcOutputMetadata(1)),
        "FFmpegInfo": w.ffmpeg_info(),
        "FrameCacheStats": w.FrameCacheStats(1, 2, None, 3, 4, 5, 6),
        "FramePoolStats": w.FramePoolStats(16, 1, 2, 0, 0.5),
        "HevcEncoderConfig": w.HevcEncoderConfig(format="annexb"),
        "IndexRange": w.IndexRange(0, 15, 0, 500_000, 0, 0, 16, True),
        "MemoryReport": w.MemoryReport({"frames": 9}, {"frames": 1}, 9, 0, None),
        "PlaneLayout": w.PlaneLayout(0, 64),
        "Rect": w.Rect(0, 0, 2, 2),
        "FrameTicket": w.FrameTicket(TICKET),
        "StreamDescription": w.StreamDescription(
            *(0, "video", "vp8", "vp8", None, None, frozenset({"default"}), False),
            *(64, 48, 1, None, None, ()),
        ),
        "SvcOutputMetadata": w.SvcOutputMetadata(2),
        "TranscodeProgress": w.TranscodeProgress(1, 2, 3),
        "TranscodeResult": w.TranscodeResult(1, 1, "vp8", "libvpx", [], [], 0.5),
        "VideoColorSpace": w.VideoColorSpace(primaries="bt709", full_range=True),
        "VideoDecoderSupport": w.VideoDecoderSupport(True, config),
        "VideoEncoderConfig": encoder,
        "VideoEncoderSupport": w.VideoEncoderSupport(False, encoder),
        "VideoIndex": w.VideoIndex.from_chunks({"timestamp": [0, 40_000], "key": [True, False]}),
        "SegmentInfo": w.SegmentInfo("media", 1, 0, 1_000_000, True, 5, "video/mp4"),
        "VideoStats": w.VideoStats(1, 0, 2, 3, 4, 5, 6, 7),
    }
    found |= sound_encoder_values() | pictures()
    for name in CLASSES:
        thing = getattr(w, name)
        if issubclass(thing, BaseException):
            found[name] = thing("why it failed")
    return found


def test_every_public_class_is_pickled_here_or_refuses() -> None:
    made = values()
    for name in HELD:
        made[name].close()
    assert set(made) | OWNERS | BOUND == set(CLASSES)


def test_pickles_name_nothing_private() -> None:
    for name, value in values().items():
        for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):
            data = pickle.dumps(value, protocol)
            assert b"._" not in data, (name, protocol)
            # Older protocols name "module name" in one, newer ones put them on the stack.
            texts = [str(argument) for _, argument, _ in pickletools.genops(data) if argument]
            named = [text.split()[0] for text in texts if text.startswith("ffwebcodecs")]
            assert named, name
            assert set(named) == {"ffwebcodecs"}, (name, protocol)
        if name in HELD:
            value.close()


def test_what_was_pickled_comes_back_equal() -> None:
    for name, value in values().items():
        back = pickle.loads(pickle.dumps(value))
        assert type(back) is type(value)
        if name == "VideoFrame":
            assert (back.timestamp, back.metadata()) == (7, {"a": 1})
            back.close()
            value.close()
        elif name == "AudioData":
            assert (back.timestamp, back.sample_rate, back.channel_layout) == (7, 44100.5, "stereo")
            assert bytes(back.planes[0]) == bytes(range(12))
            back.close()
            value.close()
        elif name == "ImageBitmap":
            assert back.to_ndarray().tolist() == value.to_ndarray().tolist()
            back.close()
            value.close()
        elif name in ("EncodedVideoChunk", "EncodedAudioChunk"):
            assert (back.timestamp, back.duration, bytes(back.data)) == (-3, 4, b"abc")
        elif isinstance(value, BaseException):
            assert back.args == value.args
        else:
            assert back == value, name
            assert copy.deepcopy(value) == value, name


def test_a_traceback_names_the_public_error() -> None:
    try:
        ffwebcodecs.VideoDecoderConfig.parse({"codec": 5})
    except ffwebcodecs.WebCodecsError as error:
        last = traceback.format_exception_only(error)[-1]
    assert last.startswith("ffwebcodecs.InvalidArgumentError: ")
