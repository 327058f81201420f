"""WebCodecs video for Python, straight on the FFmpeg that is installed.

Everything public is importable from here. Modules are loaded when a name of theirs is first used,
and FFmpeg when a function of it is first needed, so ``import ffwebcodecs`` costs about a
millisecond and works without FFmpeg.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

__version__ = "0.1.0"

_HOMES = {
    "AbortError": "errors",
    "AvcEncoderConfig": "_spec.codecs.config",
    "Completion": "_runtime.completion",
    "DataCloneError": "errors",
    "DataError": "errors",
    "Demuxer": "demuxer",
    "EncodedVideoChunk": "encoded_video_chunk",
    "EncodedVideoChunkMetadata": "video_encoder",
    "EncodingError": "errors",
    "FFmpegInfo": "ffmpeg",
    "FFmpegLoadError": "errors",
    "FrameCache": "frame_cache",
    "FrameCacheStats": "frame_cache",
    "FramePoolExhaustedError": "errors",
    "FramePoolStats": "_runtime.pool",
    "FramePoolWarning": "errors",
    "HevcEncoderConfig": "_spec.codecs.config",
    "ImageBitmap": "image_bitmap",
    "InvalidArgumentError": "errors",
    "InvalidStateError": "errors",
    "Muxer": "muxer",
    "NotSupportedError": "errors",
    "OperationError": "errors",
    "Plane": "plane",
    "PlaneLayout": "_spec.frames.layout",
    "QuotaExceededError": "errors",
    "Rect": "_spec.frames.rect",
    "SvcOutputMetadata": "video_encoder",
    "TranscodeProgress": "_conversion",
    "TranscodeResult": "_conversion",
    "VideoColorSpace": "_spec.frames.color_space",
    "VideoDecoder": "video_decoder",
    "VideoDecoderConfig": "_spec.codecs.config",
    "VideoDecoderSupport": "_spec.codecs.config",
    "VideoEncoder": "video_encoder",
    "VideoEncoderConfig": "_spec.codecs.config",
    "VideoEncoderSupport": "_spec.codecs.config",
    "VideoFrame": "video_frame",
    "WebCodecsError": "errors",
    "create_image_bitmap": "image_bitmap",
    "ffmpeg_info": "ffmpeg",
    "open_handles": "ffmpeg",
    "read_frames": "reading",
    "remux": "remuxing",
    "set_log_level": "ffmpeg",
    "trace_frames": "_runtime.trace",
    "transcode": "transcoding",
    "write_frames": "transcoding",
}

__all__ = [*_HOMES, "__version__"]  # noqa: PLE0604

if TYPE_CHECKING:
    from ._conversion import TranscodeProgress as TranscodeProgress
    from ._conversion import TranscodeResult as TranscodeResult
    from ._runtime.completion import Completion as Completion
    from ._runtime.pool import FramePoolStats as FramePoolStats
    from ._runtime.trace import trace_frames as trace_frames
    from ._spec.codecs.config import AvcEncoderConfig as AvcEncoderConfig
    from ._spec.codecs.config import HevcEncoderConfig as HevcEncoderConfig
    from ._spec.codecs.config import VideoDecoderConfig as VideoDecoderConfig
    from ._spec.codecs.config import VideoDecoderSupport as VideoDecoderSupport
    from ._spec.codecs.config import VideoEncoderConfig as VideoEncoderConfig
    from ._spec.codecs.config import VideoEncoderSupport as VideoEncoderSupport
    from ._spec.frames.color_space import VideoColorSpace as VideoColorSpace
    from ._spec.frames.layout import PlaneLayout as PlaneLayout
    from ._spec.frames.rect import Rect as Rect
    from .demuxer import Demuxer as Demuxer
    from .encoded_video_chunk import EncodedVideoChunk as EncodedVideoChunk
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
    from .frame_cache import FrameCache as FrameCache
    from .frame_cache import FrameCacheStats as FrameCacheStats
    from .image_bitmap import ImageBitmap as ImageBitmap
    from .image_bitmap import create_image_bitmap as create_image_bitmap
    from .muxer import Muxer as Muxer
    from .plane import Plane as Plane
    from .reading import read_frames as read_frames
    from .remuxing import remux as remux
    from .transcoding import transcode as transcode
    from .transcoding import write_frames as write_frames
    from .video_decoder import VideoDecoder as VideoDecoder
    from .video_encoder import EncodedVideoChunkMetadata as EncodedVideoChunkMetadata
    from .video_encoder import SvcOutputMetadata as SvcOutputMetadata
    from .video_encoder import VideoEncoder as VideoEncoder
    from .video_frame import VideoFrame as VideoFrame


def __getattr__(name: str) -> object:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(f"{__name__}.{home}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
