"""Every exception and warning the package raises, in one tree.

The names are the specification's. Where it throws a JavaScript ``TypeError`` we raise
`InvalidArgumentError`, which is a `TypeError` and a `ValueError`: either ``except`` works.
Out of memory is the builtin `MemoryError`.
"""

from __future__ import annotations

from ._public import public

__all__ = [
    "AbortError",
    "DataCloneError",
    "DataError",
    "EncodingError",
    "FFmpegLoadError",
    "FramePoolExhaustedError",
    "FramePoolWarning",
    "InvalidArgumentError",
    "InvalidStateError",
    "NotSupportedError",
    "OperationError",
    "QuotaExceededError",
    "WebCodecsError",
]


@public
class WebCodecsError(Exception):
    """Root of the package's exceptions.

    Attributes
    ----------
    code : int or None
        The negative AVERROR, when FFmpeg's refusal caused this error.
    """

    code: int | None = None

    def __init__(self, *args: object, code: int | None = None) -> None:
        super().__init__(*args)
        if code is not None:
            self.code = code


@public
class InvalidArgumentError(WebCodecsError, TypeError, ValueError):
    """An argument is wrong: unknown string, bad number or rectangle, buffer too small."""


@public
class InvalidStateError(WebCodecsError, RuntimeError):
    """The object is closed, or not configured, or otherwise not ready for this call."""


@public
class NotSupportedError(WebCodecsError):
    """The request is valid, but this build of FFmpeg or this package cannot do it."""


@public
class DataError(WebCodecsError, ValueError):
    """The data is not what it is said to be, such as a delta chunk where a key chunk is due."""


@public
class EncodingError(WebCodecsError, RuntimeError):
    """A codec failed on its data.

    Attributes
    ----------
    timestamp : int or None
        Timestamp of the chunk or frame the codec failed on, in microseconds, if known.
    """

    timestamp: int | None = None

    def __init__(
        self, *args: object, code: int | None = None, timestamp: int | None = None
    ) -> None:
        super().__init__(*args, code=code)
        if timestamp is not None:
            self.timestamp = timestamp


@public
class OperationError(WebCodecsError, RuntimeError):
    """An operation failed for its own reasons, such as a download from a GPU."""


@public
class AbortError(WebCodecsError):
    """The work was given up because of `reset()` or `close()`."""


@public
class QuotaExceededError(WebCodecsError):
    """A limit was reached: a cache or a queue is full."""


@public
class FramePoolExhaustedError(QuotaExceededError):
    """All frames of a decoder's pool are held, and none came back in time."""


@public
class DataCloneError(WebCodecsError):
    """The object cannot be copied or sent, such as a closed frame being pickled."""


@public
class FFmpegLoadError(WebCodecsError, ImportError):
    """FFmpeg's libraries are missing, or are not fit for use."""


@public
class FramePoolWarning(RuntimeWarning):
    """A decoder waits for frames to be closed."""
