"""The names of the public API are there, documented, and cheap to import."""

from __future__ import annotations

import inspect
import os
import subprocess
import sys

import pytest
from clips import clip

import ffwebcodecs

CLASSES = [
    "AsyncReading",
    "AudioData",
    "AudioDataReader",
    "AudioDecoder",
    "AudioDecoderConfig",
    "AudioDecoderSupport",
    "AacEncoderConfig",
    "AudioEncoder",
    "AudioEncoderConfig",
    "EncodedAudioChunkMetadata",
    "AudioEncoderSupport",
    "AudioSamples",
    "FlacEncoderConfig",
    "OpusEncoderConfig",
    "EncodedAudioChunk",
    "VideoFrame",
    "EncodedVideoChunk",
    "VideoDecoder",
    "VideoDecoderConfig",
    "VideoColorSpace",
    "Rect",
    "PlaneLayout",
    "Demuxer",
    "DevicePlane",
    "Muxer",
    "SegmentInfo",
    "SharedFrames",
    "FrameTicket",
    "Plane",
    "ImageBitmap",
    "ImageDecodeResult",
    "ImageDecoder",
    "ImageTrack",
    "ImageTrackList",
    "Completion",
    "FramePoolStats",
    "FFmpegInfo",
    "VideoDecoderSupport",
    "VideoEncoder",
    "VideoEncoderConfig",
    "VideoEncoderSupport",
    "Av1EncoderConfig",
    "AvcEncoderConfig",
    "HevcEncoderConfig",
    "EncodedVideoChunkMetadata",
    "SvcOutputMetadata",
    "VideoIndex",
    "IndexRange",
    "LiveFrames",
    "FrameReader",
    "MemoryReport",
]
FUNCTIONS = [
    "read_audio",
    "read_audio_data",
    "read_audio_data_async",
    "read_frames",
    "read_frames_async",
    "create_image_bitmap",
    "ffmpeg_info",
    "memory_report",
    "open_handles",
    "open_shared",
    "set_log_level",
    "set_memory_limit",
    "trace_frames",
]
ERRORS = [
    "WebCodecsError",
    "InvalidArgumentError",
    "InvalidStateError",
    "NotSupportedError",
    "DataError",
    "EncodingError",
    "OperationError",
    "AbortError",
    "QuotaExceededError",
    "FramePoolExhaustedError",
    "DataCloneError",
    "FFmpegLoadError",
]


@pytest.mark.parametrize("name", CLASSES + FUNCTIONS + ERRORS + ["FramePoolWarning"])
def test_name_is_public_and_documented(name: str) -> None:
    thing = getattr(ffwebcodecs, name)
    assert name in ffwebcodecs.__all__
    assert name in dir(ffwebcodecs)
    assert inspect.getdoc(thing)


def test_all_names_exist() -> None:
    missing = [name for name in ffwebcodecs.__all__ if not hasattr(ffwebcodecs, name)]
    assert not missing


@pytest.mark.parametrize("name", CLASSES)
def test_members_are_documented(name: str) -> None:
    thing = getattr(ffwebcodecs, name)
    bare = [
        member
        for each in thing.__mro__
        if each.__module__.startswith("ffwebcodecs")
        for member, value in vars(each).items()
        if not member.startswith("_")
        and (inspect.isfunction(value) or isinstance(value, property | staticmethod | classmethod))
        and not inspect.getdoc(value)
    ]
    assert not bare


@pytest.mark.parametrize("name", ERRORS)
def test_errors_form_one_tree(name: str) -> None:
    assert issubclass(getattr(ffwebcodecs, name), ffwebcodecs.WebCodecsError)


@pytest.mark.parametrize(
    ("name", "bases"),
    [
        ("InvalidArgumentError", (TypeError, ValueError)),
        ("InvalidStateError", (RuntimeError,)),
        ("DataError", (ValueError,)),
        ("EncodingError", (RuntimeError,)),
        ("OperationError", (RuntimeError,)),
        ("FramePoolExhaustedError", (ffwebcodecs.QuotaExceededError,)),
        ("FFmpegLoadError", (ImportError,)),
        ("FramePoolWarning", (RuntimeWarning,)),
    ],
)
def test_errors_are_caught_as_pythons_own(name: str, bases: tuple[type, ...]) -> None:
    for base in bases:
        assert issubclass(getattr(ffwebcodecs, name), base)


def python(code: str, **environment: str) -> str:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **environment},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_import_brings_neither_numpy_nor_asyncio_nor_a_parser() -> None:
    code = (
        "import sys, ffwebcodecs\n"
        "unwanted = {'numpy', 'asyncio', 'pycparser', 'inspect', 'ctypes'} & set(sys.modules)\n"
        "print(sorted(unwanted))"
    )
    assert python(code).strip() == "[]"


def test_readers_and_muxers_import_no_more_than_they_use() -> None:
    # fractions brings decimal, whose C library complains in a second interpreter.
    modules = "[name for name in sys.modules if {} & set(name.replace('_', '.').split('.'))]"
    reading, writing = (
        f"import sys, ffwebcodecs; ffwebcodecs.{name}; print({modules.format(unwanted)})"
        for name, unwanted in (
            ("read_frames", {"fractions", "decimal", "encoders", "encoder", "muxer", "mux"}),
            ("Muxer", {"demux", "demuxer", "decoder", "encoder", "scale", "numpy"}),
        )
    )
    assert python(reading).strip() == "[]"
    assert python(writing).strip() == "[]"


def test_a_first_frame_needs_few_modules() -> None:
    code = (
        "import sys, ffwebcodecs\n"
        f"next(iter(ffwebcodecs.read_frames({str(clip('h264-bframes.mp4'))!r})))\n"
        "unwanted = {'numpy', 'dataclasses', 'inspect', 'asyncio', 'ctypes', 'fractions'}\n"
        "print(sorted(unwanted & set(sys.modules)), 'ffwebcodecs.files.demuxer' in sys.modules)"
    )
    assert python(code).strip() == "[] False"


def test_import_does_not_need_ffmpeg(tmp_path: os.PathLike[str]) -> None:
    # With an empty folder of libraries, what needs FFmpeg fails and the import does not.
    code = (
        "import ffwebcodecs\n"
        "try:\n    ffwebcodecs.ffmpeg_info()\n"
        "except ffwebcodecs.FFmpegLoadError as error:\n    print(error)\n"
    )
    message = python(code, FFWEBCODECS_LIBRARY_PATH=str(tmp_path))
    assert str(tmp_path) in message


def test_package_says_that_it_is_typed() -> None:
    from importlib.resources import files

    assert files("ffwebcodecs").joinpath("py.typed").is_file()
