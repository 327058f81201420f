"""One run of `transcode` that gives sound alone: a file for it, or the input has no video.

Video is not even decoded.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from .._av.files import containers
from .._av.files.demux import DemuxerCore
from .._runtime.helper import HelperThread
from ..errors import EncodingError, InvalidArgumentError, NotSupportedError
from ._clock import FilmClock
from ._conversion import copy_chapters, copy_streams, late_streams
from ._conversion_run import ConversionRun
from ._kept_sound import KeptSound
from ._original import original_of
from ._output_options import output_file
from ._sound import copy_sound
from ._sound_of_input import SoundOfInput
from ._sound_options import SoundOptions
from ._subtitles import tell as tell_subtitles
from .muxer import Muxer
from .transcode_result import TranscodeProgress, TranscodeResult

# What says how pictures are converted, and what says the same of sound.
_OF_VIDEO = {
    "codec": "audio",
    "bitrate": "audio_bitrate",
    "map_frame": "map_audio",
    **dict.fromkeys(("quantizer", "width", "height", "crop", "framerate", "alpha", "background")),
    **dict.fromkeys(("encoder_options", "deinterlace")),
}


def is_for_sound(output: Any, given: Mapping[str, Any]) -> bool:
    """Return whether an output holds sound and no film; raises NotSupportedError if it holds
    subtitles alone.
    """
    container = _container(output, given)
    if container.is_text:
        raise NotSupportedError(
            f"{container.name} holds subtitles alone: remux(input, output) writes them, and "
            "transcode pictures and sound"
        )
    if container.sound_suffix is None:
        return False
    codec = given["codec"]  # Ogg's film is Theora
    return not (isinstance(codec, str) and container.holds_film(codec))


def holds_song(output: Any, given: Mapping[str, Any]) -> bool:
    """Return whether an output that is for films may hold sound alone."""
    container = _container(output, given)
    return container.holds_films and container.holds_sound


def _container(output: Any, given: Mapping[str, Any]) -> containers.Container:
    several = bool(given["several_files"])
    path = output_file(output, given).path
    return containers.find(path, given["format"], several=several)


class SoundRun(ConversionRun):
    """A conversion of the sound of a file; as `ConversionRun`.

    Parameters
    ----------
    demuxer : DemuxerCore, optional
        The input, if it is open, and has no video; taken by `run`.
    """

    def __init__(
        self,
        input: Any,
        output: Any,
        given: Mapping[str, Any],
        demuxer: DemuxerCore | None = None,
    ) -> None:
        self._sound = SoundOptions.parse(given)
        super().__init__(input, output, {**given, "audio": self._sound.wanted})
        silent = output_file(output, given).shown if demuxer is None else demuxer.shown
        self._refuse_pictures(silent, "holds" if demuxer is None else "has", given)
        self._opening.needs_video = False
        self._demuxer = demuxer

    def _refuse_pictures(self, shown: str, verb: str, given: Mapping[str, Any]) -> None:
        if not self._sound.wanted:
            raise InvalidArgumentError(f"audio=False leaves nothing that {shown} could hold")
        for name, instead in _OF_VIDEO.items():
            if given[name] not in (None, False):
                hint = "" if instead is None else f"; {instead} is for sound"
                raise InvalidArgumentError(f"{shown} {verb} no video, which {name} is for{hint}")

    def _open(self) -> DemuxerCore:
        if self._demuxer is not None:
            return self._demuxer
        return DemuxerCore(self._input, self._opening, all_streams=True, helper=HelperThread)

    def _add_streams(
        self, demuxer: DemuxerCore, muxer: Muxer, sound: KeptSound
    ) -> tuple[list[str], list[str], dict[int, int]]:
        if self._demuxer is None:
            return copy_sound(demuxer, muxer, self._losses, sound)
        found = copy_streams(demuxer, muxer, self._losses, self._options.subtitles, None, sound)
        if not (found[2] or sound.conversions):
            raise NotSupportedError(
                f"{demuxer.shown} has no video, and {muxer.format_name} can hold nothing else of it"
            )
        return found

    def run(self) -> TranscodeResult:
        """Do it; there is no output unless this returns."""
        options, losses = self._options, self._losses
        demuxer = self._open()
        sound: KeptSound | None = None
        try:
            self._damage.shown = demuxer.shown
            clock = FilmClock(demuxer, options.start, options.stop, options.keep_start)
            sound = KeptSound(self._sound, demuxer, clock, losses)
            with self._muxer(demuxer) as muxer:
                muxer._refused = refused = options.refused_packets(losses, demuxer.shown)
                muxer._leave_out_video()
                copied, dropped, numbers = self._add_streams(demuxer, muxer, sound)
                clock.settle({*numbers, *sound.conversions})
                muxer._original = original_of(
                    demuxer, clock.zero, is_encoded=False, is_part=options.takes_part
                )
                copy_chapters(demuxer, muxer, losses, clock.zero, clock.stop)
                losses.check()
                self._convert(demuxer, clock, muxer, numbers, sound)
                dropped += [] if self._demuxer is None else late_streams(demuxer, losses)
                muxer._complete()
                tell_subtitles(muxer._copied, losses, demuxer.shown)
                dropped_packets = refused.report() + sound.tell(options.strict)
                losses.check()
        finally:
            demuxer.close()
            if sound is not None:
                sound.close()
        outcome = self._damage.outcome()
        self._damage.warn()
        options.tell_unit()
        return TranscodeResult(
            frames_read=0,
            frames_written=0,
            codec=None,
            encoder=None,
            copied_streams=copied,
            encoded_streams=sound.encoded,
            dropped_streams=dropped,
            seconds=time.monotonic() - self._began,
            lost=list(losses.lost),
            dropped_packets=dropped_packets,
            **outcome,
        )

    def _convert(
        self,
        demuxer: DemuxerCore,
        clock: FilmClock,
        muxer: Muxer,
        numbers: Mapping[int, int],
        sound: KeptSound,
    ) -> None:
        file = SoundOfInput(demuxer, clock, sound, numbers, self._damage)
        on_progress = self._given["on_progress"]
        for when in file.write(muxer):
            if on_progress is not None and when is not None:
                on_progress(TranscodeProgress(0, round(when * 1_000_000), clock.end))
        self._require_content(demuxer, file)

    def _require_content(self, demuxer: DemuxerCore, file: SoundOfInput) -> None:
        if file.came:
            return
        if not self._options.takes_part:
            raise EncodingError(f"{demuxer.shown} gives nothing to convert")
        raise InvalidArgumentError(
            f"nothing of {demuxer.shown} is from start={self._options.start} to "
            f"stop={self._options.stop} us: they are microseconds"
        )
