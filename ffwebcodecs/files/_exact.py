"""A part of a film that is exact to the frame: whole groups are copied, and the frames between them
and the borders are encoded as the film is.

The input is read several times: for where its packets are, for what they are, for the frames at the
borders, and for the packets that are copied.
"""

from __future__ import annotations

import os
from collections.abc import Container as Holder
from collections.abc import Generator, Iterator
from functools import partial
from itertools import chain, islice
from typing import TYPE_CHECKING, Any

from .._av.codecs import packet
from .._av.files import side_data
from .._av.files.containers import Container
from .._av.files.demux import DemuxerCore
from .._av.files.opening import Opening
from .._av.files.scan import scan
from .._av.files.stream_info import StreamInfo
from .._record import replace
from .._runtime.helper import HelperThread
from .._spec.codecs import families
from .._spec.codecs.config import VideoDecoderConfig
from .._spec.codecs.nal import iter_nal_units
from .._spec.codecs.splice import Splicing, joined
from .._spec.codecs.strings import parse_codec
from .._spec.files.packet_table import CORRUPT, KEY, PacketTable
from .._spec.texts import buffer_of, is_path, to_path
from ..codecs.encoded_video_chunk import EncodedVideoChunk
from ..errors import DataError, EncodingError, InvalidArgumentError, NotSupportedError
from ._border_encoder import OTHERWISE, BorderEncoder, Encoded
from ._cut import Cut
from ._damage import Damage
from ._exact_part import ExactPart, plan
from ._held_picture import ending_at, hold_last
from ._kept_packets import kept_packets
from ._losses import Losses, warn
from .read_frames import read_frames

if TYPE_CHECKING:
    from .._ffi._types import AVPacket
    from ._cut import Piece

# AVI has no presentation times, and readers guess them from a delay that is not the same for both.
_CONTAINERS = ("mp4", "mov", "matroska", "mpegts")
_PROGRESSIVE = (0, 1)  # AVFieldOrder


def require_again(source: Any) -> None:
    """Raise NotSupportedError for an input that can be read only once."""
    if is_path(source):
        path = to_path(source)
        if "://" in path or not os.path.exists(path) or os.path.isfile(path):
            return
    elif buffer_of(source) is not None:
        return
    raise NotSupportedError(
        f"exact=True reads the input several times: give a path or the bytes ({OTHERWISE})"
    )


def _length_size(family: families.Family, extradata: bytes) -> int | None:
    is_record = bool(extradata) and family.is_description(extradata)
    return family.length_size(extradata) if is_record else None


class _Survey:
    """What an exact part needs to know of the video: its packets, and what is in them.

    Parameters
    ----------
    source, opening
        The input.
    start, stop : int or None
        Microseconds of the file.
    """

    def __init__(self, source: Any, opening: Opening, start: int | None, stop: int | None) -> None:
        self._open = partial(DemuxerCore, source, opening, helper=HelperThread)
        self._start, self._stop = start, stop
        demuxer = self._open()
        try:
            self.info: StreamInfo = demuxer.info
            self.table: PacketTable = hold_last(scan(demuxer), demuxer)
        finally:
            demuxer.close()
        self.anew: set[int] = set()
        self.sets: list[bytes] = []
        self.length_size: int | None = None
        self.problem: str | None = None

    @property
    def splicing(self) -> Splicing | None:
        """How its codec is joined, None if it cannot be."""
        return families.of_codec(self.info.codec).SPLICING

    @property
    def can_encode(self) -> bool:
        """Whether frames of it can be encoded, as far as is known before."""
        return self.splicing is not None and self.problem is None

    def look(self) -> None:
        """Look into the packets of the part. `problem` says why they cannot be joined to others."""
        splicing, table = self.splicing, self.table
        if splicing is None:
            return
        try:
            self.sets = splicing.sets_of(self.info.extradata)
            family = families.of_codec(self.info.codec)
            self.length_size = _length_size(family, self.info.extradata)
        except DataError as error:
            self.problem = str(error)
            return
        stamps = table.timestamps
        first = 0 if self._start is None else int(stamps.searchsorted(self._start))
        last = len(stamps) if self._stop is None else int(stamps.searchsorted(self._stop))
        if first >= last:
            return
        numbers = table.shown[first:last]
        self._read(splicing, int(numbers.min()), int(numbers.max()))

    def _read(self, splicing: Splicing, first: int, last: int) -> None:
        demuxer = self._open()
        try:
            for number, ptr in enumerate(
                ptr for index, ptr in kept_packets(demuxer) if index == demuxer.info.index
            ):
                if number > last:
                    break
                if number >= first or (not self.sets and self.table.flags[number] & KEY):
                    self._look_at(splicing, number, packet.view(ptr))
        finally:
            demuxer.close()

    def _look_at(self, splicing: Splicing, number: int, data: memoryview) -> None:
        units = list(iter_nal_units(data, self.length_size))
        if not all(map(splicing.belongs, units)):
            self.problem = "it has several layers or views"
        found = splicing.only_sets(units)
        self.sets = self.sets or found
        if not set(found) <= set(self.sets):
            self.problem = "its parameter sets change in its course"
        if self.table.flags[number] & KEY and splicing.begins_anew(units):
            self.anew.add(number)

    def refusal(self, made: ExactPart, container: Container) -> str | None:
        """Return why frames cannot be encoded for this, None if they can."""
        info, table, splicing = self.info, self.table, self.splicing
        if splicing is None:
            return f"there is no exact cut of {info.codec} but at its key frames"
        if container.name not in _CONTAINERS:
            return f"{container.name} cannot hold the streams of two encoders as one"
        if self.problem is not None:
            return self.problem
        if self.length_size not in (None, 4):
            return f"its units have lengths of {self.length_size} bytes"
        if not self.sets:
            return "its parameter sets are not known"
        if splicing.may_have_fields(self.sets) or info.parameters.field_order not in _PROGRESSIVE:
            return "it is interlaced"
        if made.hides or len(made.lasting) != made.encoded + len(made.copied):
            return "some of its packets give no picture, or have one time"
        names = [side_data.name_of(kind) for kind, _ in info.parameters.side_data]
        if "DOVI configuration record" in names:
            return "it is Dolby Vision"
        if (table.flags[made.copied + made.replaced] & CORRUPT).any():
            return "it is damaged"
        return None


class ExactCut(Cut):
    """Reads the pieces of a part whose first and last pictures are the very ones.

    Parameters
    ----------
    demuxer, start, stop, damage, copied
        As for `Cut`; there is video.
    source : object
        The input, once more.
    given : mapping
        The parameters of `remux` by name.
    opening : Opening
    config : VideoDecoderConfig
        Of the video.
    container : Container
        Of the output.

    Attributes
    ----------
    config : VideoDecoderConfig
        With which chunks are to be written.
    encoded : int
        How many frames are encoded.
    encoder : str or None
        FFmpeg's name of the encoder, None if nothing is encoded.
    """

    def __init__(
        self,
        demuxer: DemuxerCore,
        start: int | None,
        stop: int | None,
        damage: Damage,
        copied: Holder[int],
        *,
        source: Any,
        given: Any,
        opening: Opening,
        config: VideoDecoderConfig,
        container: Container,
    ) -> None:
        super().__init__(demuxer, start, stop, True, damage, copied)
        self._source, self._given, self._opening = source, given, opening
        self._container = container
        self.config = config
        self.encoded = 0
        self.encoder: str | None = None
        self._encoder: BorderEncoder | None = None
        self._plan: ExactPart | None = None
        self._table: PacketTable | None = None
        self._encoding: Generator[Encoded, None, None] | None = None
        self._head: Iterator[Encoded] = iter(())
        self._tail: Iterator[Encoded] = iter(())
        self._dts: Iterator[int] = iter(())
        self._annexb = not container.needs_description
        self._length_size: int | None = None
        self._survey: _Survey | None = None
        self._numbers: frozenset[int] = frozenset()  # of packets that are copied
        self._replaced: frozenset[int] = frozenset()

    def _seek(self, start: int) -> None:
        """Read from the beginning: packets are known by their number."""

    def span(self) -> None:
        """Each piece has to be looked at."""

    def find(self) -> None:
        """Find out what is to be done, and whether it can be.

        Raises
        ------
        InvalidArgumentError
            No picture lies there.
        NotSupportedError
            It cannot be done exactly.
        """
        start, stop = self._start, self._stop
        survey = self._survey = _Survey(self._source, self._opening, start, stop)
        table = self._table = survey.table
        if len(table.parts) > 1:
            self._refuse("its clock goes back in its course")
        survey.look()
        made = plan(table, start, stop, survey.anew.__contains__, survey.can_encode)
        if made is None:
            raise InvalidArgumentError(
                f"no picture of {self._demuxer.shown} begins from {(start or 0) / 1e6:.6f} s "
                + ("on" if stop is None else f"to {stop / 1e6:.6f} s")
                + " of its clock: start and stop are microseconds"
            )
        if table.problem is not None and max(made.lasting) >= int(table.timestamps[-1]):
            self._refuse(f"it cannot be read to the end of the part: {table.problem}")
        self._plan, self.begin = made, start
        self._numbers = frozenset(made.copied)
        self._replaced = frozenset(made.replaced)
        if made.encoded:
            why = survey.refusal(made, self._container)
            if why is not None:
                self._refuse(why)
            self._set_up(survey, made)

    def _refuse(self, why: str) -> None:
        raise NotSupportedError(
            f"exact=True: {self._demuxer.shown} cannot be cut there without encoding all of it: "
            f"{why}; {OTHERWISE}"
        )

    def _set_up(self, survey: _Survey, made: ExactPart) -> None:
        try:
            assert survey.splicing is not None
            coder = BorderEncoder(
                survey.info, self.config, self._frames, survey.splicing, survey.sets
            )
        except (NotSupportedError, EncodingError, DataError) as error:
            self._refuse(f"no encoder here writes such a stream ({error})")
        self._encoder = coder
        self._encoding = coder.encode(made.head)
        # What turns out to be another stream than the film's is known before anything is written.
        self._head = chain(list(islice(self._encoding, 1)), self._encoding)
        self._tail = iter(list(coder.encode(made.tail)))  # a few: a whole group is copied
        self.encoded, self.encoder = made.encoded, coder.name
        self._dts = iter(made.decoding_times(coder.delay))
        self._length_size = None if self._annexb else survey.length_size
        info = parse_codec(self.config.codec)
        family = families.of(info)
        if self._container.is_iso:
            _, _, rest = self.config.codec.partition(".")
            self.config = replace(self.config, codec=f"{family.IN_STREAM}.{rest}")
            if self.config.description is not None:
                # HEVC's says that the sets in it are not all.
                description = family.description_of(self.config.description, complete=False)
                self.config = replace(self.config, description=description)
        elif self._annexb:
            self.config = replace(self.config, description=None)

    def tell(self, shown: str, losses: Losses) -> None:
        """Tell what encoding has cost, after it: what pictures say of themselves is lost, and all
        were encoded where that is not what one expects.
        """
        made, coder, table = self._plan, self._encoder, self._table
        if made is None or coder is None or table is None:
            return
        for name in coder.own:
            why = f"{made.encoded} pictures at the borders are encoded anew"
            losses.add(name, why, f"{name} of {made.encoded} pictures of {shown} is lost: {why}")
        if not made.copied and (table.flags[made.replaced] & KEY).sum() > 1:
            warn(
                f"all {made.encoded} pictures of {shown} are encoded: no group of "
                f"{self._demuxer.shown} can follow other pictures there (they are open)"
            )

    def _frames(self, start: int, stop: int) -> Any:
        given = self._given
        return read_frames(
            self._source,
            start=start,
            stop=stop,
            format=given["input_format"],
            options=given["input_options"],
            playlists=given["playlists"],
            max_pixels=given["max_pixels"],
            timeout=given["timeout"],
            stream=given["stream"],
        )

    def with_headers(self, chunk: EncodedVideoChunk) -> EncodedVideoChunk:
        """Return the chunk: it has its headers already, if pictures were encoded."""
        return chunk if self.encoded else super().with_headers(chunk)

    def close(self) -> None:
        """Let go of what was read, and of the encoder; twice is fine."""
        super().close()
        if self._encoding is not None:
            self._encoding.close()

    def pieces(self) -> Iterator[Piece]:
        """Yield what belongs to it, after `find`."""
        video, stop = self._demuxer.info.index, self._stop
        number = -1
        for index, piece in self._pieces:
            when = self.time_of(index, piece)
            if isinstance(piece, EncodedVideoChunk):
                number += 1
                self._require_same(number, piece)
                for chunk in self._of_video(number, piece):
                    yield from self._passed(video, chunk)
                _, decoded = packet.times(piece._ptr)
                when = when if decoded is None else decoded
            elif when is not None and stop is not None and when >= stop:
                self._unheard.discard(index)
            elif self._is_wanted(index, piece):
                yield from self._passed(index, piece)
            if self._is_over(index, when, number):
                break
        for one in chain(self._head, self._tail):
            yield from self._passed(video, self._encoded(one))

    def lasting(self, timestamp: int, stated: int) -> int:
        """Return how long the last picture is shown: until the next one, or the stop."""
        assert self._plan is not None
        known = self._plan.lasting.get(timestamp, stated)
        return ending_at(self._stop, lambda _, lasting: lasting)(timestamp, known)

    def _require_same(self, number: int, chunk: EncodedVideoChunk) -> None:
        table = self._table
        assert table is not None
        if number >= len(table) or table.size[number] != chunk.byte_length:
            raise EncodingError(f"{self._demuxer.shown} has changed while it was read")

    def _of_video(self, number: int, chunk: EncodedVideoChunk) -> Iterator[EncodedVideoChunk]:
        """Yield what takes the place of a packet: itself, or one that was encoded."""
        made = self._plan
        assert made is not None
        if number in self._numbers:
            if number == made.copied[0]:
                yield from map(self._encoded, self._head)
            yield self._copied(chunk, number)
        elif number in self._replaced:
            # One for one, so that all streams of the output come at about the same pace.
            is_behind = made.copied and number > made.copied[-1]
            yield from map(self._encoded, islice(self._tail if is_behind else self._head, 1))

    def _encoded(self, one: Encoded) -> EncodedVideoChunk:
        units, time, is_key = one
        ptr = packet.replace_data(packet.allocate(), joined(units, self._length_size))
        return self._timed(ptr, is_key, time)

    def _timed(self, ptr: AVPacket, is_key: bool, time: int) -> EncodedVideoChunk:
        made = self._plan
        assert made is not None
        lasting = made.lasting[time]
        packet.place_in_time(ptr, time, next(self._dts), lasting)
        return EncodedVideoChunk._from_native(ptr, is_key, time, lasting)

    def _copied(self, chunk: EncodedVideoChunk, number: int) -> EncodedVideoChunk:
        made, survey = self._plan, self._survey
        assert made is not None and survey is not None
        if not made.encoded:
            return chunk
        is_key = chunk.type == "key"
        if not is_key and self._length_size == survey.length_size:
            return self._timed(packet.clone(chunk._ptr), is_key, made.time_of[number])
        splicing = survey.splicing
        assert splicing is not None
        units = [bytes(unit) for unit in iter_nal_units(chunk.data, survey.length_size)]
        if is_key:
            # Whoever goes to this picture from those that were encoded has their sets.
            units = splicing.with_sets(units, survey.sets)
        if number == made.copied[0] and made.head:
            units = splicing.cut_before(units)
        data = joined(units, self._length_size)
        return self._timed(packet.replace_data(chunk._ptr, data), is_key, made.time_of[number])

    def _is_over(self, index: int, when: int | None, number: int) -> bool:
        stop, made = self._stop, self._plan
        assert made is not None
        if stop is None or number < made.last:
            return False
        return not self._bases or self._is_behind(index, when, stop)
