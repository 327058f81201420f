"""What becomes of each stream of sound of a conversion: copied, encoded, or left out."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from .._av.codecs import packet
from .._av.files.sound_streams import padding_of
from .._av.files.streams import CopiedStream
from .._spec.codecs.sound_packets import samples_in
from .._spec.encoders import sound_choice
from .._spec.files import sound_cuts
from ..errors import EncodingError, InvalidArgumentError, NotSupportedError, OperationError
from ._converted_sound import ConvertedSound
from ._cut_sound import CutSound
from ._encoded_sound import EncodedSound
from ._labels import Unheld, label_encoded
from ._losses import BEGINS_LATE, PROBE_MORE, Losses, warn
from ._sound_decoding import SoundDecoding
from ._sound_options import AUTO, COPY, SoundOptions
from ._sound_target import SoundSource, open_sound
from ._told_sound import begins_apart
from ._tracks import VIDEO

if TYPE_CHECKING:
    from .._av.files.demux import DemuxerCore
    from ._clock import FilmClock
    from .muxer import Muxer

_LATE = 5_000_000  # microseconds after `start` that sound may begin and be waited for


class KeptSound:
    """Decides about streams of sound, and holds what converts them.

    Parameters
    ----------
    options : SoundOptions
    demuxer : DemuxerCore
        The input; only asked before anything is read.
    clock : FilmClock
        Settled before the first packet.
    losses : Losses

    Raises
    ------
    InvalidArgumentError
        The stream that is asked for is none of sound.

    Attributes
    ----------
    conversions : dict of int to ConvertedSound or CutSound
        By the stream's index in the input.
    encoded : list of str
        What is encoded, and as what: ``"audio aac as opus"``.
    reasons : dict of int to str
        Why a stream could not be encoded, by its index.
    """

    def __init__(
        self, options: SoundOptions, demuxer: DemuxerCore, clock: FilmClock, losses: Losses
    ) -> None:
        self.conversions: dict[int, ConvertedSound | CutSound] = {}
        self.encoded: list[str] = []
        self.reasons: dict[int, str] = {}
        self._names: dict[int, str] = {}
        self._options = options
        self._losses = losses
        self._clock = clock
        self._demuxer = demuxer
        self._shown = demuxer.shown
        sounds = [each.index for each in demuxer.others if each.kind == "audio"]
        if options.stream is None or options.stream in sounds:
            return
        have = f"those are {', '.join(map(str, sounds))}" if sounds else "it has none"
        raise InvalidArgumentError(
            f"audio_stream is {options.stream}, which is no stream of sound of {self._shown}: "
            f"{have}"
        )

    def takes(self, stream: CopiedStream) -> bool:
        """Return whether a stream of sound is wanted."""
        return self._options.stream in (None, stream.index)

    def encodes(self, stream: CopiedStream, muxer: Muxer) -> bool:
        """Return whether a stream of sound is to be encoded, if that can be done."""
        options = self._options
        if options.codec == COPY or not options.wanted:
            return False
        if not stream.is_known:
            return options.encodes  # which `add` refuses
        if options.encodes or not muxer._can_hold(stream):
            return True
        if muxer.format_name == "avi" and self._begins_between_packets(stream):
            return True
        rate = self._demuxer.sound(stream.index).parameters.number("sample_rate")
        if not sound_choice.is_played(muxer.format_name, stream.codec, rate):
            return True
        return (
            self._is_cut
            and sound_cuts.is_exact_encoded(_place_for(muxer))
            and (not self._cuts_exactly(stream, muxer))
        )

    @property
    def _is_cut(self) -> bool:
        return self._clock.start is not None or self._clock.stop is not None

    def _cuts_exactly(self, stream: CopiedStream, muxer: Muxer) -> bool:
        """Return whether packets of a stream can be cut to the sample where they go."""
        clock, parameters = self._clock, self._demuxer.sound(stream.index).parameters
        begins = clock.start is not None and (stream.start_time or 0) < clock.start
        return sound_cuts.is_cut(stream.codec, parameters.number("profile")) and (
            sound_cuts.is_held(
                _place_for(muxer),
                stream.codec,
                parameters.number("bit_rate"),
                begins=begins,
            )
        )

    def cuts(self, stream: CopiedStream, muxer: Muxer) -> bool:
        """Add a stream of which a part is copied to the sample to a muxer; return whether it can
        be. Where it is cut between packets, that is said.
        """
        if not (self._is_cut and stream.is_known and muxer._can_hold(stream)):
            return False
        name = f"audio {stream.codec}"
        if not self._cuts_exactly(stream, muxer):
            self._tell_cut(name, stream, muxer)
            return False
        start, begins = self._clock.start, stream.start_time
        if start is not None and begins is not None and begins > start + _LATE:
            return False  # what is written would wait for it
        demuxer = self._demuxer
        sound = demuxer.sound(stream.index)
        try:
            first = demuxer.first_of(stream.index)
            track = f"audio {stream.index}"
            cut = CutSound(stream, sound, first, self._clock, track, muxer)
        except NotSupportedError:
            return False
        self._announce(stream, track, muxer)
        self.conversions[stream.index] = cut
        self._names[stream.index] = name
        return True

    def _tell_cut(self, name: str, stream: CopiedStream, muxer: Muxer) -> None:
        parameters = self._demuxer.sound(stream.index).parameters
        rate, samples = parameters.number("sample_rate"), parameters.number("frame_size")
        first = self._demuxer.first_of(stream.index)
        if not samples and first is not None:
            data, extradata = packet.view(first), parameters.extradata
            samples = samples_in(stream.codec, data, extradata, rate) or 0
        far = f" by {samples / rate * 1000:.0f} ms at most" if rate and samples else ""
        where = muxer._container.sound_suffix or muxer._container.name
        warn(
            f"{where} cannot say which samples of {name} are heard: that of {self._shown} begins "
            f"and ends with its packets, later than the pictures{far} (.mp4 and .mov say it)"
        )

    def _announce(self, stream: CopiedStream, track: str, muxer: Muxer) -> None:
        if muxer._has_video and not self.conversions:
            muxer._announce(VIDEO, {})
        muxer._announce(track, *self._labels(stream, muxer))

    def _begins_between_packets(self, stream: CopiedStream) -> bool:
        """Return whether a copy would not begin with the picture in AVI, where all begins at 0."""
        demuxer = self._demuxer
        if padding_of(demuxer.sound(stream.index), demuxer.first_of(stream.index)):
            return True
        if self._clock.start is None:
            return bool(begins_apart(stream, demuxer))
        if sound_cuts.is_plain(stream.codec):
            return False  # samples as they are, which are cut
        # Its own packets are moved by what they can be.
        return sound_choice.is_lossless(stream.codec) or demuxer.info.format_name != "avi"

    def add(self, stream: CopiedStream, muxer: Muxer) -> bool:
        """Add a stream that is encoded to a muxer; return whether it can be, which nobody has said
        that it must.

        Raises
        ------
        NotSupportedError
            The caller's codec is none that this FFmpeg encodes, or that the container holds, or it
            has not the caller's rate or channels.
        InvalidArgumentError
            It has not the caller's bitrate.
        """
        demuxer = self._demuxer
        sound = demuxer.sound(stream.index)
        source = SoundSource.of(sound.parameters)
        name = f"audio {stream.codec}"
        decoding = None
        try:
            if not source.sample_rate or not source.channels.number:
                raise NotSupportedError(
                    f"{name} of {self._shown} {BEGINS_LATE} (input_{PROBE_MORE})"
                )
            decoding = SoundDecoding(sound, demuxer.first_of(stream.index))
            opened = partial(
                open_sound, options=self._options, muxer=muxer, losses=self._losses, name=name
            )
            encoded = EncodedSound(
                opened,
                source,
                f"{name} of {self._shown}",
                has_no_delay=muxer._container.name == "avi",
            )
        except BaseException as error:
            if decoding is not None:
                decoding.close()
            refused = isinstance(error, (NotSupportedError, OperationError))
            # What the caller has asked for is not left out in silence; no reason: no place for it.
            if not refused or self._options.codec != AUTO or (self._options.encodes and str(error)):
                raise
            if str(error):
                self.reasons[stream.index] = str(error)
            return False
        track = f"audio {stream.index}"
        self._announce(stream, track, muxer)
        self.conversions[stream.index] = ConvertedSound(
            decoding, encoded, self._clock, track, self._options.map_audio
        )
        self.encoded.append(f"{name} as {encoded.codec}")
        self._names[stream.index] = name
        return True

    def _labels(self, stream: CopiedStream, muxer: Muxer) -> tuple[dict[str, str], int]:
        original, unheld = muxer._original, Unheld(muxer._container, self._losses)
        if original is None:  # frames of a program
            return {}, 0
        found = label_encoded(stream, original, muxer._container, unheld)
        unheld.tell()
        return found

    def tell(self, strict: bool) -> int:
        """Tell which packets could not be decoded, after the last one; return how many.

        Raises
        ------
        EncodingError
            There are any, and `strict` is set.
        """
        total = 0
        for index, conversion in self.conversions.items():
            count, why = conversion.damaged, conversion.why
            total += count
            if not count:
                continue
            what = f"{count} packet{'s' * (count > 1)} of {self._names[index]}"
            is_copied = isinstance(conversion, CutSound)
            cannot = f"cannot be {'copied' if is_copied else 'decoded'}"
            if strict:
                raise EncodingError(f"{self._shown}: {what} {cannot}, and strict is set: {why}")
            instead = "it is left out" if is_copied else "there is silence instead"
            self._losses.add(
                what,
                f"damaged: {why}",
                f"{what} of {self._shown} {cannot}: {instead} ({why})",
            )
        return total

    def close(self) -> None:
        """Free all decoders and encoders; twice is fine."""
        for conversion in self.conversions.values():
            conversion.close()


def _place_for(muxer: Muxer) -> sound_cuts.Holder:
    container = muxer._container
    return sound_cuts.Holder(container.name, container.is_iso, container.is_ogg)
