"""WebCodecs for Python, straight on the FFmpeg that is installed.

::

    import ffwebcodecs

    for frame in ffwebcodecs.read_frames("clip.mp4", step=25):
        print(frame.timestamp, frame.to_ndarray().mean())

Read a file
    `read_frames`, `read_frames_async` give its frames (`FrameReader`, `LiveFrames`,
    `AsyncReading`); `Video` the frame of an index or a time (`VideoSlice`, `VideoSample`,
    `VideoIndex`, `IndexRange`, `VideoStats`, `CheckResult`, `Finding`).
    `read_audio` gives its sound as an array (`AudioSamples`), `read_audio_data` and
    `read_audio_data_async` piece by piece (`AudioDataReader`).
    `ImageDecoder` gives the pictures of an image, by index, as in browsers (`ImageDecodeResult`,
    `ImageTrack`, `ImageTrackList`).
    `Demuxer` gives its chunks, and says what is in it (`StreamDescription`).
Write a file
    `transcode` converts one into another, `remux` copies what is in it (`TranscodeResult`,
    `TranscodeProgress`); `write_frames` makes one of frames; `Muxer` of chunks (`SegmentInfo`).
Frames and sound in memory
    `VideoFrame` (`Plane`, `PlaneLayout`, `DevicePlane`, `Rect`, `VideoColorSpace`), `AudioData`;
    `ImageBitmap` (`create_image_bitmap`) and `FrameCache` (`FrameCacheStats`) keep copies;
    `FrameRef`, and `SharedFrames` with `FrameTicket` and `open_shared`, go to other processes.
Codecs, as in browsers
    `VideoDecoder`, `VideoEncoder`, `AudioDecoder`, `AudioEncoder` (`Completion`, `FramePoolStats`),
    and what goes in and out: `EncodedVideoChunk`, `EncodedVideoChunkMetadata`, `SvcOutputMetadata`,
    `EncodedAudioChunk`, `EncodedAudioChunkMetadata`.
    Configurations: `VideoDecoderConfig`, `VideoEncoderConfig` (`AvcEncoderConfig`,
    `HevcEncoderConfig`, `Av1EncoderConfig`), `AudioDecoderConfig`, `AudioEncoderConfig`
    (`OpusEncoderConfig`, `AacEncoderConfig`, `FlacEncoderConfig`); whether they are supported:
    `VideoDecoderSupport`, `VideoEncoderSupport`, `AudioDecoderSupport`, `AudioEncoderSupport`.
Errors, all of them a `WebCodecsError`
    `InvalidArgumentError`, `InvalidStateError`, `NotSupportedError`, `EncodingError`, `DataError`,
    `OperationError`, `AbortError`, `QuotaExceededError`, `FramePoolExhaustedError`,
    `DataCloneError`, `FFmpegLoadError`; a warning: `FramePoolWarning`.
The process
    `ffmpeg_info` (`FFmpegInfo`) says which FFmpeg this is, `memory_report` (`MemoryReport`) what is
    held, `set_memory_limit` bounds caches; `open_handles`, `trace_frames` and `set_log_level` help
    to find what was left open, or went wrong.

``help`` of each of them says the rest. `ffwebcodecs.typing` has names for annotations of your own.
Modules are loaded when a name of theirs is first used, and FFmpeg when a function of it is first
needed, so ``import ffwebcodecs`` costs about a millisecond and works without FFmpeg.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

__version__ = "0.2.0"

_HOMES = {
    "AacEncoderConfig": "_spec.codecs.audio_encoder_config",
    "AbortError": "errors",
    "AsyncReading": "_runtime.async_reading",
    "AudioData": "frames.audio_data",
    "AudioDataReader": "files.audio_data_reader",
    "AudioDecoder": "codecs.audio_decoder",
    "AudioDecoderConfig": "_spec.codecs.audio_config",
    "AudioDecoderSupport": "_spec.codecs.audio_config",
    "AudioEncoder": "codecs.audio_encoder",
    "AudioEncoderConfig": "_spec.codecs.audio_encoder_config",
    "AudioEncoderSupport": "_spec.codecs.audio_encoder_config",
    "AudioSamples": "files.audio_samples",
    "Av1EncoderConfig": "_spec.codecs.encoder_config",
    "AvcEncoderConfig": "_spec.codecs.encoder_config",
    "Completion": "_runtime.completion",
    "DataCloneError": "errors",
    "DataError": "errors",
    "CheckResult": "files.check_result",
    "Demuxer": "files.demuxer",
    "DevicePlane": "frames.device_plane",
    "EncodedAudioChunk": "codecs.encoded_audio_chunk",
    "EncodedAudioChunkMetadata": "codecs.encoded_audio_chunk_metadata",
    "EncodedVideoChunk": "codecs.encoded_video_chunk",
    "EncodedVideoChunkMetadata": "codecs.encoded_video_chunk_metadata",
    "EncodingError": "errors",
    "FFmpegInfo": "ffmpeg",
    "FFmpegLoadError": "errors",
    "Finding": "files.check_result",
    "FlacEncoderConfig": "_spec.codecs.audio_encoder_config",
    "FrameCache": "frames.frame_cache",
    "FrameCacheStats": "frames.frame_cache",
    "FramePoolExhaustedError": "errors",
    "FramePoolStats": "_runtime.pool",
    "FramePoolWarning": "errors",
    "FrameReader": "files.frame_reader",
    "FrameRef": "files.frame_ref",
    "FrameTicket": "frames.frame_ticket",
    "HevcEncoderConfig": "_spec.codecs.encoder_config",
    "ImageBitmap": "frames.image_bitmap",
    "ImageDecodeResult": "files.image_decode_result",
    "ImageDecoder": "files.image_decoder",
    "ImageTrack": "files.image_track",
    "ImageTrackList": "files.image_track_list",
    "IndexRange": "files.index_range",
    "InvalidArgumentError": "errors",
    "InvalidStateError": "errors",
    "LiveFrames": "files.live_frames",
    "MemoryReport": "_runtime.memory_report",
    "Muxer": "files.muxer",
    "NotSupportedError": "errors",
    "OperationError": "errors",
    "OpusEncoderConfig": "_spec.codecs.audio_encoder_config",
    "Plane": "frames.plane",
    "PlaneLayout": "_spec.frames.layout",
    "QuotaExceededError": "errors",
    "Rect": "_spec.frames.rect",
    "SegmentInfo": "files.segment_info",
    "SharedFrames": "frames.shared_frames",
    "StreamDescription": "files.stream_description",
    "SvcOutputMetadata": "codecs.encoded_video_chunk_metadata",
    "TranscodeProgress": "files.transcode_result",
    "TranscodeResult": "files.transcode_result",
    "Video": "files.video",
    "VideoColorSpace": "_spec.frames.color_space",
    "VideoDecoder": "codecs.video_decoder",
    "VideoDecoderConfig": "_spec.codecs.config",
    "VideoDecoderSupport": "_spec.codecs.config",
    "VideoEncoder": "codecs.video_encoder",
    "VideoEncoderConfig": "_spec.codecs.encoder_config",
    "VideoEncoderSupport": "_spec.codecs.encoder_config",
    "VideoFrame": "frames.video_frame",
    "VideoIndex": "files.video_index",
    "VideoSample": "files.video_sample",
    "VideoSlice": "files.video_slice",
    "VideoStats": "files.video_stats",
    "WebCodecsError": "errors",
    "create_image_bitmap": "frames.image_bitmap",
    "ffmpeg_info": "ffmpeg",
    "memory_report": "_runtime.memory_report",
    "open_handles": "ffmpeg",
    "open_shared": "frames.open_shared",
    "read_audio": "files.read_audio",
    "read_audio_data": "files.read_audio_data",
    "read_audio_data_async": "files.read_audio_data_async",
    "read_frames": "files.read_frames",
    "read_frames_async": "files.read_frames_async",
    "remux": "files.remux",
    "set_log_level": "ffmpeg",
    "set_memory_limit": "_runtime.memory_report",
    "trace_frames": "_runtime.trace",
    "transcode": "files.transcode",
    "write_frames": "files.write_frames",
}

__all__ = [*_HOMES, "__version__"]  # noqa: PLE0604

if TYPE_CHECKING:
    from . import typing as typing
    from ._runtime.async_reading import AsyncReading as AsyncReading
    from ._runtime.completion import Completion as Completion
    from ._runtime.memory_report import MemoryReport as MemoryReport
    from ._runtime.memory_report import memory_report as memory_report
    from ._runtime.memory_report import set_memory_limit as set_memory_limit
    from ._runtime.pool import FramePoolStats as FramePoolStats
    from ._runtime.trace import trace_frames as trace_frames
    from ._spec.codecs.audio_config import AudioDecoderConfig as AudioDecoderConfig
    from ._spec.codecs.audio_config import AudioDecoderSupport as AudioDecoderSupport
    from ._spec.codecs.audio_encoder_config import AacEncoderConfig as AacEncoderConfig
    from ._spec.codecs.audio_encoder_config import AudioEncoderConfig as AudioEncoderConfig
    from ._spec.codecs.audio_encoder_config import AudioEncoderSupport as AudioEncoderSupport
    from ._spec.codecs.audio_encoder_config import FlacEncoderConfig as FlacEncoderConfig
    from ._spec.codecs.audio_encoder_config import OpusEncoderConfig as OpusEncoderConfig
    from ._spec.codecs.config import VideoDecoderConfig as VideoDecoderConfig
    from ._spec.codecs.config import VideoDecoderSupport as VideoDecoderSupport
    from ._spec.codecs.encoder_config import Av1EncoderConfig as Av1EncoderConfig
    from ._spec.codecs.encoder_config import AvcEncoderConfig as AvcEncoderConfig
    from ._spec.codecs.encoder_config import HevcEncoderConfig as HevcEncoderConfig
    from ._spec.codecs.encoder_config import VideoEncoderConfig as VideoEncoderConfig
    from ._spec.codecs.encoder_config import VideoEncoderSupport as VideoEncoderSupport
    from ._spec.frames.color_space import VideoColorSpace as VideoColorSpace
    from ._spec.frames.layout import PlaneLayout as PlaneLayout
    from ._spec.frames.rect import Rect as Rect
    from .codecs.audio_decoder import AudioDecoder as AudioDecoder
    from .codecs.audio_encoder import AudioEncoder as AudioEncoder
    from .codecs.encoded_audio_chunk import EncodedAudioChunk as EncodedAudioChunk
    from .codecs.encoded_audio_chunk_metadata import (
        EncodedAudioChunkMetadata as EncodedAudioChunkMetadata,
    )
    from .codecs.encoded_video_chunk import EncodedVideoChunk as EncodedVideoChunk
    from .codecs.encoded_video_chunk_metadata import (
        EncodedVideoChunkMetadata as EncodedVideoChunkMetadata,
    )
    from .codecs.encoded_video_chunk_metadata import SvcOutputMetadata as SvcOutputMetadata
    from .codecs.video_decoder import VideoDecoder as VideoDecoder
    from .codecs.video_encoder import VideoEncoder as VideoEncoder
    from .errors import AbortError as AbortError
    from .errors import DataCloneError as DataCloneError
    from .errors import DataError as DataError
    from .errors import EncodingError as EncodingError
    from .errors import FFmpegLoadError as FFmpegLoadError
    from .errors import FramePoolExhaustedError as FramePoolExhaustedError
    from .errors import FramePoolWarning as FramePoolWarning
    from .errors import InvalidArgumentError as InvalidArgumentError
    from .errors import InvalidStateError as InvalidStateError
    from .errors import NotSupportedError as NotSupportedError
    from .errors import OperationError as OperationError
    from .errors import QuotaExceededError as QuotaExceededError
    from .errors import WebCodecsError as WebCodecsError
    from .ffmpeg import FFmpegInfo as FFmpegInfo
    from .ffmpeg import ffmpeg_info as ffmpeg_info
    from .ffmpeg import open_handles as open_handles
    from .ffmpeg import set_log_level as set_log_level
    from .files.audio_data_reader import AudioDataReader as AudioDataReader
    from .files.audio_samples import AudioSamples as AudioSamples
    from .files.check_result import CheckResult as CheckResult
    from .files.check_result import Finding as Finding
    from .files.demuxer import Demuxer as Demuxer
    from .files.frame_reader import FrameReader as FrameReader
    from .files.frame_ref import FrameRef as FrameRef
    from .files.image_decode_result import ImageDecodeResult as ImageDecodeResult
    from .files.image_decoder import ImageDecoder as ImageDecoder
    from .files.image_track import ImageTrack as ImageTrack
    from .files.image_track_list import ImageTrackList as ImageTrackList
    from .files.index_range import IndexRange as IndexRange
    from .files.live_frames import LiveFrames as LiveFrames
    from .files.muxer import Muxer as Muxer
    from .files.read_audio import read_audio as read_audio
    from .files.read_audio_data import read_audio_data as read_audio_data
    from .files.read_audio_data_async import read_audio_data_async as read_audio_data_async
    from .files.read_frames import read_frames as read_frames
    from .files.read_frames_async import read_frames_async as read_frames_async
    from .files.remux import remux as remux
    from .files.segment_info import SegmentInfo as SegmentInfo
    from .files.stream_description import StreamDescription as StreamDescription
    from .files.transcode import transcode as transcode
    from .files.transcode_result import TranscodeProgress as TranscodeProgress
    from .files.transcode_result import TranscodeResult as TranscodeResult
    from .files.video import Video as Video
    from .files.video_index import VideoIndex as VideoIndex
    from .files.video_sample import VideoSample as VideoSample
    from .files.video_slice import VideoSlice as VideoSlice
    from .files.video_stats import VideoStats as VideoStats
    from .files.write_frames import write_frames as write_frames
    from .frames.audio_data import AudioData as AudioData
    from .frames.device_plane import DevicePlane as DevicePlane
    from .frames.frame_cache import FrameCache as FrameCache
    from .frames.frame_cache import FrameCacheStats as FrameCacheStats
    from .frames.frame_ticket import FrameTicket as FrameTicket
    from .frames.image_bitmap import ImageBitmap as ImageBitmap
    from .frames.image_bitmap import create_image_bitmap as create_image_bitmap
    from .frames.open_shared import open_shared as open_shared
    from .frames.plane import Plane as Plane
    from .frames.shared_frames import SharedFrames as SharedFrames
    from .frames.video_frame import VideoFrame as VideoFrame


def __getattr__(name: str) -> object:
    home = _HOMES.get(name)
    if home is None and name == "typing":
        from importlib import import_module

        return import_module(f"{__name__}.typing")
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    from ._pause import Pause

    pause = Pause()  # modules leave nothing to collect, and looking for it takes milliseconds
    try:
        value = getattr(import_module(f"{__name__}.{home}"), name)
    except ImportError:
        import sys

        # Without FFmpeg ``help`` says what there is all the same: it leaves out what it cannot get.
        if sys._getframe(1).f_globals.get("__name__") == "inspect":
            raise AttributeError(name) from None
        raise
    finally:
        del pause
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    special = (name for name in globals() if name.startswith("__"))
    return sorted({*__all__, *special, "typing"})
