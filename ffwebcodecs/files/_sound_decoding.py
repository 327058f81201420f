"""From packets of sound to samples: what the container hides left out, each at its position.

What is hidden is what encoders put in front and behind: a container says so with a packet (MP3's
Xing header, Ogg, Matroska's DiscardPadding, newer FFmpeg also for MP4), with its header (Matroska's
CodecDelay), or by the time that its last packet lasts (MP4). MPEG-TS, ADTS and AVI do not say it.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from .._av.codecs import packet
from .._av.codecs.audio_decoder import AudioDecoderCore
from .._av.files.sound_run import PlainPackets
from .._av.files.sound_streams import skip_of
from .._av.frames import frame as native
from .._av.frames import samples
from .._spec.files.sound_clock import SoundClock
from .._spec.files.sound_grid import flac_block, grid_of, is_free
from ..errors import EncodingError, NotSupportedError

if TYPE_CHECKING:
    from .._av.files.sound_run import Ran
    from .._av.files.sound_streams import SoundStream
    from .._ffi._types import AVFrame, AVPacket
    from ._renewal import Renewal

    Sound = list[tuple[AVFrame, int]]

NO_RATE = "nothing says the sample rate of this sound, so its samples have no times"
DRIFTS = ("mpegts", "mpeg", "hls", "rtsp", "rtp")  # times of parsers


class SoundDecoding:
    """Decodes one stream of a file. Not thread-safe; `close` frees the decoder.

    Frames come with the position of their first sample: counted at the rate of what is decoded,
    from the time 0 of the container. Where times leave a gap there is one between the positions;
    where they overlap, what came first stays and the other is cut.

    Parameters
    ----------
    sound : SoundStream
    first : AVPacket, optional
        The first packet of the stream; default: the first one that is fed.
    renewal : Renewal, optional
        When the decoder is replaced by a new one; default: never.

    Attributes
    ----------
    rate : int
        Of what is decoded; the file's until the first frame is there.
    landed : int
        Where the first packet since the beginning, or since `restart`, begins.
    clock : SoundClock or None
        None until the first frame is there.
    overlapped : int
        How many samples were cut because others had their positions.
    """

    __slots__ = (
        *("_core", "_ends", "_expected", "_first", "_first_block", "_first_mark", "_given"),
        *("_has_landed", "_held", "_is_fed", "_is_vorbis", "_low", "_needs_equals", "_passes"),
        *("_renewal", "_samples", "_stream", "clock", "landed", "overlapped", "rate"),
    )

    def __init__(
        self, sound: SoundStream, first: AVPacket | None = None, renewal: Renewal | None = None
    ) -> None:
        self._stream = sound
        parameters = sound.parameters
        self._core = _opened(sound)
        self._renewal = renewal
        self.rate = sound.sample_rate
        self.clock: SoundClock | None = None
        self.overlapped = self.landed = 0
        self._samples = 0  # of what came of the last packet
        self._expected: int | None = None  # where the last packet ends
        self._given: int | None = None  # where what was given ends
        self._low: int | None = None  # nothing before is heard
        self._held: tuple[Sound, int] | None = None  # of what may be the last packet, and its end
        # Its first packet after a beginning has no samples of its own; some releases give noise.
        self._is_vorbis = self._passes = parameters.codec == "vorbis"
        # Of Vorbis in Ogg, FFmpeg 4.3 says it with the last packet's duration only.
        self._ends = sound.format_name.startswith("mov") or (
            self._is_vorbis and sound.format_name == "ogg"
        )
        self._first_mark = 0
        self._has_landed = self._is_fed = False
        self._first_block: int | None = None
        self._needs_equals = is_free(parameters.codec) and sound.is_coarse
        self._first: tuple[int, int] | None = None  # ticks, samples that are hidden
        if first is not None:
            self._note_first(first)

    def _note_first(self, ptr: AVPacket) -> None:
        skip = skip_of(ptr)
        hidden = skip.front if skip is not None else self._stream.parameters.number(_PADDING)
        ticks = packet.order_shown(ptr)
        self._first = ((ticks or 0) - self._stream.zero, hidden)
        self._first_mark = self._mark_of(ptr)
        self._first_block = self._block_of(ptr)

    def feed(self, ptr: AVPacket) -> Sound:
        """Decode a packet, which stays the caller's; return frames with their positions.

        Raises
        ------
        EncodingError
            The packet is damaged; the next one may be decoded.
        NotSupportedError
            The rate changes on the way, or nothing says it.
        """
        if self._first is None:
            self._note_first(ptr)
        if not packet.size_of(ptr):
            return []
        ready = self._released()
        if self._renewal is not None:
            self._renew(self._renewal, ptr)
        core, found = self._core, []
        ticks, last = packet.order_shown(ptr), self._stream.last
        if last is not None:
            last.mend(ptr, ticks)
        self._is_fed = True
        core.send(ptr, self._when() if ticks is None else ticks)
        while (frame := core.receive()) is not None:
            found.append(frame)
        if self._passes:
            self._passes = False
            return ready
        if not found:
            return ready
        placed = self._placed(found, ticks, ptr)
        if packet.is_discarded(ptr):
            return ready
        skip = skip_of(ptr)
        if skip is not None and skip.front:
            low = placed[0][1] + self._scaled(skip.front)
            self._low = low if self._low is None else max(self._low, low)
        end = self._end_of(ptr, placed, 0 if skip is None else self._scaled(skip.end))
        if end is not None and skip is not None and skip.end:
            return ready + self._heard(placed, end)
        if end is not None:
            self._held = placed, end
            return ready
        return ready + self._heard(placed, None)

    def finish(self) -> Sound:
        """Return what comes after the last packet."""
        if not self._is_fed:  # some decoders make something of nothing
            return []
        core, found = self._core, []
        core.drain()
        while (frame := core.receive()) is not None:
            found.append(frame)
        if found:
            ready = self._released()
            return ready + self._heard(self._placed(found, None, None), None)
        held, self._held = self._held, None
        return [] if held is None else self._heard(*held)

    @property
    def end(self) -> int | None:
        """The sample behind the last packet, None if nothing was decoded."""
        return self._expected

    @property
    def core(self) -> AudioDecoderCore:
        """What decodes."""
        return self._core

    def plan(self, position: int) -> PlainPackets | None:
        """Return what the next packets have to be so that what they give follows, all of it and
        without a look at them; None if they are to be looked at, or do not begin at `position`.
        """
        clock, low, given = self.clock, self._low, self._given
        if self._expected != position or self._held is not None or self._passes or clock is None:
            return None
        if (low is not None and low > position) or (given is not None and given > position):
            return None
        stream = self._stream
        if stream.format_name == "ogg" and self._first_block is not None:
            return None
        marks = 0
        if self._needs_equals:
            marks = 1 if stream.parameters.codec == "opus" else 2
        return PlainPackets(
            stream.zero,
            clock.terms,
            stream.is_continuous,
            self._ends and not stream.is_coarse,
            marks,
            self._first_mark,
        )

    def bound(self, limit: int) -> int:
        """Return how far packets that follow a `plan` may be decoded: all to the limit, or those
        before the last two, and before those that a decoder that is made anew is to be given.
        """
        renewal, clock, last = self._renewal, self.clock, self._stream.last
        if clock is None:
            return limit
        if last is not None:
            limit = min(limit, clock.nearest(last.before))
        if renewal is not None:
            limit = min(limit, renewal.next_kept(self.rate, self._samples) + clock.origin)
        return limit

    def went_on(self, ran: Ran) -> None:
        """Take over how far packets were decoded that follow a `plan`."""
        clock = self.clock
        assert clock is not None
        self._expected = self._given = ran.position
        if ran.errors is not None:
            clock.noted(*ran.errors)
        if ran.is_mixed:
            clock.is_certain = False

    @property
    def is_placed(self) -> bool:
        """Whether it is known where the next packet begins."""
        return self._expected is not None

    def restart(self, at_beginning: bool = False) -> None:
        """Go on with another packet than the next one, or with the first one of all."""
        if self._renewal is None:
            self._core.restart()
        else:
            self._renewal.restart()
            self._replace()
        self._expected = self._given = self._held = None
        self._passes = self._is_vorbis
        self._has_landed = not at_beginning
        self._is_fed = False
        clock = self.clock
        if clock is not None and not clock.is_certain and self._needs_equals:
            self.clock = None
        elif clock is not None:
            clock.is_certain, clock.has_landed = True, self._has_landed

    def close(self) -> None:
        """Free the decoder; twice is fine."""
        self._held = None
        if self._renewal is not None:
            self._renewal.restart()
        self._core.close()

    def _renew(self, renewal: Renewal, ptr: AVPacket) -> None:
        """Replace the decoder if that is due before a packet."""
        expected, clock = self._expected, self.clock
        if (
            expected is not None
            and clock is not None
            and renewal.is_due(expected - clock.origin, self.rate)
        ):
            core = self._replace()
            for each in renewal.recent:
                _pass_over(core, each)
        renewal.keep(ptr)

    def _replace(self) -> AudioDecoderCore:
        self._core.close()
        self._core = core = _opened(self._stream)
        return core

    def _placed(self, found: list[AVFrame], ticks: int | None, ptr: AVPacket | None) -> Sound:
        """Return frames with their positions."""
        if self.clock is None:
            self.clock = self._begun(found[0])
        clock = self.clock
        if self._needs_equals and ptr is not None and self._mark_of(ptr) != self._first_mark:
            clock.is_certain = False
        stated = native.timestamp(found[0])
        if stated != packet.NOPTS:
            ticks = stated
        expected = self._expected
        if ticks is None or (expected is not None and self._stream.is_continuous):
            position = 0 if expected is None else expected
        else:
            position = clock.position(ticks - self._stream.zero, expected)
            if ptr is not None and (expected is None or self._stream.format_name == "ogg"):
                position = self._checked(position, ptr)
        placed = []
        if expected is None:
            self.landed = position
        for frame in found:
            if samples.rate_of(frame) != self.rate:
                raise NotSupportedError(
                    f"the sample rate changes from {self.rate} to {samples.rate_of(frame)} Hz "
                    f"after {position} samples"
                )
            placed.append((frame, position))
            position += samples.count(frame)
        self._samples = position - placed[0][1]
        self._expected = position
        return placed

    def _block_of(self, ptr: AVPacket) -> int | None:
        parameters = self._stream.parameters
        if parameters.codec != "flac":
            return None
        return flac_block(packet.head(ptr), parameters.extradata)

    def _when(self) -> int:
        """Return the tick at which a packet without a time begins."""
        if self._expected is None or self.clock is None:
            return self._stream.zero
        return self.clock.ticks_of(self._expected) + self._stream.zero

    def _mark_of(self, ptr: AVPacket) -> int:
        """Return what is equal of packets with as many samples, of codecs that are free in that."""
        if self._stream.parameters.codec == "opus":
            return int.from_bytes(packet.head(ptr)[:1], "big")
        return packet.size_of(ptr)

    def _checked(self, position: int, ptr: AVPacket) -> int:
        """Return a position as FLAC's own numbers have it, which Ogg's times after a seek are not;
        of others the same.
        """
        first, block = self._first_block, self._block_of(ptr)
        clock = self.clock
        if first is None or block is None or clock is None:
            return position
        counted = clock.origin + block - first
        if counted != position and self._stream.format_name != "ogg":
            clock.is_certain = False
            return position
        return counted

    def _begun(self, frame: AVFrame) -> SoundClock:
        parameters = self._stream.parameters
        rate = samples.rate_of(frame)
        if rate < 1:
            raise NotSupportedError(NO_RATE)
        self.rate = rate
        drifts = self._stream.format_name.startswith(DRIFTS)
        clock = SoundClock(rate, parameters.time_base, drifts)
        clock.has_landed = self._has_landed
        assert self._first is not None
        ticks, hidden = self._first
        hidden = self._scaled(hidden)
        origin = clock.nearest(ticks)
        if hidden and clock.is_near(ticks, -hidden):
            origin = -hidden
        count = samples.count(frame)
        clock.begin(origin, grid_of(parameters.codec, parameters.extradata, rate, count))
        if hidden:
            self._low = clock.origin + hidden
        elif self._ends or self._stream.format_name == "ogg":
            self._low = 0  # what their clocks have before is hidden
        return clock

    def _scaled(self, count: int) -> int:
        """Return so many samples of the file's rate at that of what is decoded."""
        stated = self._stream.sample_rate
        return count if stated == self.rate or not stated else count * self.rate // stated

    def _end_of(self, ptr: AVPacket, placed: Sound, hidden: int) -> int | None:
        """Return where what a packet has to be heard ends, None: nothing is said of that."""
        assert self._expected is not None
        if hidden:
            return self._expected - hidden
        if not self._ends:
            return None
        lasting = packet.duration(ptr)
        if not lasting or self._stream.is_coarse or self.clock is None:
            return None
        end = placed[0][1] + self.clock.nearest(lasting)
        return end if end < self._expected else None

    def _released(self) -> Sound:
        """Return what was held as perhaps the last, which it is not."""
        held, self._held = self._held, None
        return [] if held is None else self._heard(held[0], None)

    def _heard(self, placed: Sound, end: int | None) -> Sound:
        """Cut off what is not heard."""
        heard = []
        low, given = self._low, self._given
        for frame, position in placed:
            first, last = position, position + samples.count(frame)
            if low is not None and first < low:
                first = min(low, last)
            if end is not None and last > end:
                last = max(end, first)
            if given is not None and first < given:
                self.overlapped += min(given, last) - first
                first = min(given, last)
            if first >= last:
                continue
            if last - first < samples.count(frame):
                samples.trim(frame, first - position, last - first)
            given = last
            heard.append((frame, first))
        self._given = given
        return heard


def _opened(sound: SoundStream) -> AudioDecoderCore:
    parameters = sound.parameters
    return AudioDecoderCore(parameters.codec, parameters=parameters, time_base=parameters.time_base)


def _pass_over(core: AudioDecoderCore, ptr: AVPacket) -> None:
    """Decode a packet for what comes after it."""
    with suppress(EncodingError):  # which was raised when it came
        core.send(ptr, 0)
        while core.receive() is not None:
            pass


_PADDING = "initial_padding"
