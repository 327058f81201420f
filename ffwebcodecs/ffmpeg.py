"""What FFmpeg is in use, and what of it is alive."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from . import _ffi
from ._av import ledger, pump
from ._av.codecs import inventory
from ._av.frames import hardware
from ._public import public
from ._spec.numbers import show
from ._spec.types import LogLevel
from .errors import InvalidArgumentError


@public
@dataclass(frozen=True)
class FFmpegInfo:
    """The FFmpeg that this process uses.

    Attributes
    ----------
    version : str
        FFmpeg's own version string, ``"5.1.9-0+deb12u1"``.
    release : str
        Its release, ``"5.1"``.
    mode : {"api", "abi"}
        Compiled extension, or recorded layouts.
    reason : str
        Why this mode.
    libraries : dict of str to (str, (int, int, int))
        File and version of each library, by name without "lib"; ``avformat`` only if it can be
        loaded.
    problems : list of str
        What was tried first and rejected, and why; empty when all is well.
    decoders, encoders : list of str
        FFmpeg's names of its video decoders and encoders.
    audio_decoders, audio_encoders : list of str
        Those of sound.
    device_types : list of str
        Kinds of hardware device that this FFmpeg was built for.
    """

    version: str
    release: str
    mode: str
    reason: str
    libraries: dict[str, tuple[str, tuple[int, int, int]]]
    problems: list[str]
    decoders: list[str]
    encoders: list[str]
    audio_decoders: list[str]
    audio_encoders: list[str]
    device_types: list[str]

    @property
    def pump(self) -> bool:
        """Whether the pump is there, an extension that does in one call what loops of Python do
        else: see docs/libraries.md.
        """
        return pump.get() is not None

    @property
    def devices(self) -> list[str]:
        """Those of `device_types` that open here. Asking opens and closes each once, which takes up
        to a second with some drivers.
        """
        return list(self._probed[0])

    @property
    def device_problems(self) -> dict[str, str]:
        """Why the other `device_types` do not open, by kind; costs what `devices` costs."""
        return dict(self._probed[1])

    @cached_property
    def _probed(self) -> tuple[list[str], dict[str, str]]:
        return hardware.probe()


@public
def ffmpeg_info() -> FFmpegInfo:
    """Return which FFmpeg is in use, in which mode and why, and what it can do.

    Raises
    ------
    FFmpegLoadError
        There is none that can be used: what was found where, and what to install.
    """
    report = _ffi.report()
    problems = list(report.problems)
    if report.avformat_problem:
        problems.append(report.avformat_problem)
    return FFmpegInfo(
        version=report.version_info,
        release=report.release,
        mode=report.mode,
        reason=report.reason,
        libraries=dict(report.libraries),
        problems=problems,
        decoders=inventory.codecs(decoders=True),
        encoders=inventory.codecs(decoders=False),
        audio_decoders=inventory.codecs(decoders=True, sound=True),
        audio_encoders=inventory.codecs(decoders=False, sound=True),
        device_types=hardware.kinds(),
    )


@public
def open_handles() -> dict[str, int]:
    """Return how many native objects of each kind are alive; all zero when everything is closed and
    collected.
    """
    return ledger.live()


_LEVELS = {
    "quiet": -8,
    "panic": 0,
    "fatal": 8,
    "error": 16,
    "warning": 24,
    "info": 32,
    "verbose": 40,
    "debug": 48,
    "trace": 56,
}


@public
def set_log_level(level: LogLevel) -> None:
    """Choose what FFmpeg itself writes to stderr; ``"quiet"``, nothing, is where it starts.

    Parameters
    ----------
    level : {"quiet", "panic", "fatal", "error", "warning", "info", "verbose", "debug", "trace"}

    Raises
    ------
    InvalidArgumentError
        Another name.
    """
    number = _LEVELS.get(level) if isinstance(level, str) else None
    if number is None:
        raise InvalidArgumentError(f"level must be one of {', '.join(_LEVELS)}, got {show(level)}")
    inventory.set_log_level(number)
