"""One run of `remux`: what is settled before the first packet, the loop, what is told after it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from functools import partial
from typing import Any

from .._av.codecs import packet
from .._av.files.demux import DemuxerCore
from .._av.files.stream_info import NO_VIDEO
from .._runtime.helper import HelperThread
from .._spec.codecs.config import VideoDecoderConfig
from ..codecs.encoded_video_chunk import EncodedVideoChunk
from ..errors import EncodingError, InvalidArgumentError, NotSupportedError
from ._clock import FilmClock
from ._conversion import (
    copy_chapters,
    copy_streams,
    late_streams,
    open_whole,
)
from ._conversion_run import ConversionRun
from ._cut import Cut
from ._held_picture import LastPicture
from ._losses import warn
from ._original import original_of
from ._refused_packets import RefusedPackets
from ._remux_run import RemuxBatches
from ._sound import copy_sound
from ._stream_config import make_config
from ._subtitles import copy_text
from ._subtitles import tell as tell_subtitles
from .muxer import Muxer
from .transcode_result import TranscodeProgress, TranscodeResult

_LEAST = 1000  # microseconds by which a cut differs that are worth a word


class Remuxing(ConversionRun):
    """A conversion without decoding; as `ConversionRun`."""

    def __init__(self, input: Any, output: Any, given: Mapping[str, Any]) -> None:
        super().__init__(input, output, given)
        self._opening.needs_video = False
        open_whole(self._opening, input, output, given["format"])
        self._frames = self._packets = 0
        if self._options.exact and self._options.takes_part:
            from ._exact import require_again

            require_again(input)

    def run(self) -> TranscodeResult:
        """Do it; there is no output unless this returns."""
        options, losses = self._options, self._losses
        demuxer = DemuxerCore(
            self._input, self._opening, all_streams=options.audio, helper=HelperThread
        )
        try:
            self._damage.shown = demuxer.shown
            config = None
            if demuxer.info.index != NO_VIDEO:
                stated = make_config(demuxer.info, self._opening.max_pixels)
                config = VideoDecoderConfig.parse(stated)
            with self._muxer(demuxer) as muxer:
                if not _is_for_films(muxer) and not muxer._can_hold_video(config):
                    config = None
                refused = muxer._refused = options.refused_packets(losses, demuxer.shown)
                muxer._original = original_of(demuxer, is_part=options.takes_part)
                copied, dropped, numbers = self._copy_streams(demuxer, muxer, config, refused)
                losses.check()
                cut = self._copy(demuxer, muxer, config, numbers)
                self._require_content(demuxer, config is not None)
                dropped += late_streams(demuxer, losses, options.subtitles)
                if cut.reached_end:
                    self._damage.end(demuxer)
                muxer._complete()
                tell_subtitles(muxer._copied, losses, demuxer.shown)
                cut.tell(muxer._shown, losses)
                dropped_packets = refused.report()
                losses.check()
        finally:
            demuxer.close()
        outcome = self._damage.outcome()
        self._damage.warn(4)
        options.tell_unit()
        earlier, later = self._tell(cut, muxer)
        return TranscodeResult(
            frames_read=self._frames,
            frames_written=self._frames - refused.of(0) if config is not None else 0,
            codec=None if config is None else config.codec,
            encoder=cut.encoder,
            encoded_frames=cut.encoded,
            copied_streams=copied,
            dropped_streams=dropped,
            seconds=time.monotonic() - self._began,
            lost=list(losses.lost),
            dropped_packets=dropped_packets,
            begins_earlier=earlier,
            ends_later=later,
            **outcome,
        )

    def _copy_streams(
        self,
        demuxer: DemuxerCore,
        muxer: Muxer,
        config: VideoDecoderConfig | None,
        refused: RefusedPackets,
    ) -> tuple[list[str], list[str], dict[int, int]]:
        options = self._options
        if config is not None:
            refused.names[0] = f"video {demuxer.info.codec}"
        else:
            muxer._leave_out_video()
        if muxer._container.is_text:
            found = copy_text(demuxer, muxer, self._losses)
        elif muxer._container.sound_suffix is None or config is not None:
            video = None if config is None else demuxer.info.codec
            losses, is_part = self._losses, options.takes_part
            found = copy_streams(demuxer, muxer, losses, options.subtitles, video, is_part=is_part)
        elif options.audio:
            found = copy_sound(demuxer, muxer, self._losses)
        else:
            suffix = muxer._container.sound_suffix
            raise InvalidArgumentError(f"audio=False leaves nothing that a {suffix} file holds")
        if config is None and not found[2]:
            raise NotSupportedError(
                f"{demuxer.shown} has no video, and {muxer.format_name} can hold nothing else of it"
            )
        return found

    def _copy(
        self,
        demuxer: DemuxerCore,
        muxer: Muxer,
        config: VideoDecoderConfig | None,
        numbers: Mapping[int, int],
    ) -> Cut:
        options = self._options
        clock = FilmClock(demuxer, options.start, options.stop, options.keep_start)
        clock.settle(numbers)
        cut = self._cut(demuxer, clock, muxer, config, numbers)
        try:
            cut.find()
            config = getattr(cut, "config", config)
            if cut.begin is not None:
                clock.zero = cut.begin
            muxer._zero = clock.zero
            part = clock.zero, clock.stop
            copy_chapters(demuxer, muxer, self._losses, *part, keeps_clock=True)
            self._losses.check()
            self._copy_pieces(cut, clock, muxer, config, numbers)
        finally:
            cut.close()
        return cut

    def _cut(
        self,
        demuxer: DemuxerCore,
        clock: FilmClock,
        muxer: Muxer,
        config: VideoDecoderConfig | None,
        numbers: Mapping[int, int],
    ) -> Cut:
        part = clock.start, clock.stop
        if not self._options.exact or config is None or not self._options.takes_part:
            return Cut(demuxer, *part, config is not None, self._damage, numbers)
        from ._exact import ExactCut  # only here: it loads the whole of reading and encoding

        return ExactCut(
            demuxer,
            *part,
            self._damage,
            numbers,
            source=self._input,
            given=self._given,
            opening=self._opening,
            config=config,
            container=muxer._container,
        )

    def _copy_pieces(
        self,
        cut: Cut,
        clock: FilmClock,
        muxer: Muxer,
        config: VideoDecoderConfig | None,
        numbers: Mapping[int, int],
    ) -> None:
        progress = self._given["on_progress"]
        refused = muxer._refused
        assert refused is not None
        last = LastPicture(muxer._container.is_ogg)
        is_partial = False
        is_cut = self._options.start is not None and muxer._headers_in_stream
        came = partial(self._came, cut, clock, config is not None)
        batches = RemuxBatches(cut, muxer, last, config, numbers, came, progress is not None)
        for index, piece in batches.pieces():
            if isinstance(piece, EncodedVideoChunk):
                assert config is not None
                if is_partial:
                    refused.note_partial()
                is_partial = packet.is_corrupt(piece._ptr)
                first = is_cut and not self._frames
                for chunk in last.push(cut.with_headers(piece) if first else piece):
                    muxer.add_chunk(chunk, config)
                self._frames += 1
                if progress is not None:
                    when = piece.timestamp - clock.zero
                    progress(TranscodeProgress(self._frames, when, clock.end))
                continue
            if index not in numbers:
                continue
            shown = cut.time_of(index, piece)
            muxer._add_copied_packet(numbers[index], piece)
            self._packets += shown is not None
            if config is None and progress is not None:
                progress(TranscodeProgress(0, (shown or clock.zero) - clock.zero, clock.end))
        if is_partial and not cut.ends_early:  # else that is told
            refused.note_partial()
        for chunk in last.end(cut.lasting):
            muxer.add_chunk(chunk, config)

    def _came(
        self,
        cut: Cut,
        clock: FilmClock,
        has_video: bool,
        frames: int,
        packets: int,
        rows: list[tuple[int, int]],
    ) -> None:
        """Count what was copied in a batch, and tell of each whose stream and time are given."""
        counted = self._frames
        self._frames += frames
        self._packets += packets
        for index, when in rows:
            counted += has_video
            shown = when if has_video else cut.in_microseconds(index, when)
            self._given["on_progress"](TranscodeProgress(counted, shown - clock.zero, clock.end))

    def _require_content(self, demuxer: DemuxerCore, has_video: bool) -> None:
        """Raise unless there is anything, of a part of a film a picture."""
        is_part = self._options.takes_part
        if self._frames or (self._packets and not (is_part and has_video)):
            return
        if not is_part:
            raise EncodingError(f"{demuxer.shown} gives nothing to copy")
        raise InvalidArgumentError(
            f"nothing of {demuxer.shown} is from start={self._options.start} to "
            f"stop={self._options.stop} us: they are microseconds"
        )

    def _tell(self, cut: Cut, muxer: Muxer) -> tuple[int, int]:
        """Return by how much the cut begins earlier and ends later than was asked for."""
        earlier, later = cut.earlier, cut.later
        said = []
        if earlier >= _LEAST:
            said.append(f"begins {earlier / 1e6:.3f} s earlier, at the key frame")
        if later >= _LEAST:
            said.append(f"ends {later / 1e6:.3f} s later, with a picture that others need")
        if said:
            warn(f"{muxer._shown} {' and '.join(said)}: exact=True and transcode cut exactly")
        return earlier, later


def _is_for_films(muxer: Muxer) -> bool:
    container = muxer._container
    return container.sound_suffix is None and not container.is_text
