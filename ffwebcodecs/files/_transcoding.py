"""One run of `transcode`: what is settled before the first frame, the loop, what is told after it.

Decoding runs ahead on a thread of its own, a few frames and no more; mapping, encoding and writing
run in the calling thread. So decoding and encoding overlap, memory stays flat whatever the length,
and `map_frame` is called where the caller is.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from .._av.files.demux import DemuxerCore
from .._av.files.seeking import tick
from .._av.files.stream_info import NO_VIDEO
from .._runtime.helper import HelperThread
from .._runtime.prefetch import Prefetch
from .._spec.numbers import show
from ..errors import InvalidArgumentError
from ..frames.video_frame import VideoFrame
from ._clock import LEAD_IN, FilmClock
from ._conversion import copy_chapters, copy_streams
from ._conversion_run import ConversionRun
from ._converted_sound import ConvertedSound
from ._cut_sound import CutSound
from ._encoding_options import EncodingOptions
from ._events import FileEvents
from ._fields import Fields, parse_deinterlace
from ._kept_sound import KeptSound
from ._open import open_for_decoding
from ._original import original_of
from ._other_streams import CopiedPacket
from ._sound_options import SoundOptions
from ._sound_run import SoundRun, holds_song
from ._subtitles import tell as tell_subtitles
from ._told_times import tell_offset
from ._work import Work
from .muxer import Muxer
from .transcode_result import TranscodeResult

# Frames that are decoded and wait for the encoder. More hides no more: codecs have queues as well.
_AHEAD = 2


class Transcoding(ConversionRun):
    """A conversion that decodes and encodes the video; as `ConversionRun`."""

    def __init__(self, input: Any, output: Any, given: Mapping[str, Any]) -> None:
        self._sound = SoundOptions.parse(given)
        super().__init__(input, output, {**given, "audio": self._sound.wanted})
        if given["map_frame"] is not None and not callable(given["map_frame"]):
            raise InvalidArgumentError(
                f"map_frame must be callable, got {show(given['map_frame'])}"
            )
        self._encoding = EncodingOptions.parse(output, given)
        self._deinterlace = parse_deinterlace(given["deinterlace"])

    def run(self) -> TranscodeResult:
        """Do it; there is no output unless this returns."""
        may_be_song = self._sound.wanted and holds_song(self._output, self._given)
        self._opening.needs_video = not may_be_song
        demuxer = DemuxerCore(
            self._input, self._opening, all_streams=self._options.audio, helper=HelperThread
        )
        if demuxer.info.index != NO_VIDEO:
            return self._run(demuxer)
        try:
            song = SoundRun(self._input, self._output, self._given, demuxer)
        except BaseException:
            demuxer.close()
            raise
        return song.run()

    def _run(self, demuxer: DemuxerCore) -> TranscodeResult:
        options, damage, losses = self._options, self._damage, self._losses
        events = self._open(demuxer)
        clock = events.clock
        sound = KeptSound(self._sound, demuxer, clock, losses)
        try:
            with self._muxer(demuxer) as muxer:
                muxer._refused = refused = options.refused_packets(losses, demuxer.shown)
                codec = self._encoding.codec_name
                is_part = options.takes_part
                copied, dropped, numbers = copy_streams(
                    demuxer, muxer, losses, options.subtitles, codec, sound, is_part=is_part
                )
                heard = sound.conversions
                # In AVI all begins at 0: what is heard before the first picture is left out.
                container = muxer._container
                clock.settle({*numbers, *heard}, container.has_constant_rate)
                if clock.moved > LEAD_IN:
                    tell_offset(clock.moved, container, losses, demuxer.shown)
                copy_chapters(demuxer, muxer, losses, clock.zero, clock.stop)
                losses.check()
                bases = {stream.index: stream.time_base for stream in demuxer.others}
                for stream in demuxer.others:
                    stream.note_moved(-clock.zero, -tick(clock.zero, stream.time_base))
                events.others.copied = {i: bases[i] for i in numbers}
                events.others.heard = {i: bases[i] for i in heard}
                events.subtitles = options.subtitles
                work = self._work(events, muxer, numbers, heard)
                try:
                    self._convert(events, work)
                    work.hold(*events.last)
                    work.finish(clock.nothing())
                    dropped += events.late
                    muxer._complete()
                    tell_subtitles(muxer._copied, losses, demuxer.shown)
                    refused_packets = refused.report() + sound.tell(options.strict)
                    losses.check()
                finally:
                    work.writer.close()
        finally:
            events.close()
            sound.close()
        seconds = time.monotonic() - self._began
        outcome = {
            "lost": list(losses.lost),
            "dropped_packets": refused_packets,
            "encoded_streams": sound.encoded,
        }
        result = work.result(seconds, copied, dropped, {**damage.outcome(), **outcome})
        damage.warn()
        options.tell_unit()
        return result

    def _convert(self, events: FileEvents, work: Work) -> None:
        with Prefetch(events.events(), _AHEAD, _discard, events.demuxer.interrupt) as ahead:
            for event in ahead:
                work.take(event)

    def _open(self, demuxer: DemuxerCore) -> FileEvents:
        options, damage = self._options, self._damage
        file = open_for_decoding(
            demuxer,
            opening=self._opening,
            threads=self._encoding.threads,
            hardware_acceleration=self._encoding.hardware_acceleration,
            explode=damage.explode,
        )
        damage.shown = file.demuxer.shown
        clock = FilmClock(file.demuxer, options.start, options.stop, options.keep_start)
        whole = bool(self._deinterlace)
        return FileEvents(file, clock, damage=damage, losses=self._losses, deinterlace=whole)

    def _work(
        self,
        events: FileEvents,
        muxer: Muxer,
        numbers: Mapping[int, int],
        sounds: Mapping[int, ConvertedSound | CutSound],
    ) -> Work:
        rate, clock = events.demuxer.info.rate, events.clock
        start = clock.zero - clock.origin  # of frames' times
        muxer._original = original_of(
            events.demuxer, clock.zero, is_encoded=True, is_part=self._options.takes_part
        )
        map_frame = self._given["map_frame"]
        work = Work(muxer, self._encoding, rate, map_frame, start, numbers, sounds)
        work.duration = clock.end
        work.fields = Fields(
            self._losses,
            events.demuxer.shown,
            self._deinterlace,
            self._encoding.encoder_options,
        )
        work.on_progress = self._given["on_progress"]
        return work


def _discard(event: VideoFrame | CopiedPacket) -> None:
    if isinstance(event, VideoFrame):
        event.close()
