"""What an AudioDecoder's worker runs, and how a configuration becomes an open decoder."""

from __future__ import annotations

import time
from itertools import islice, repeat
from typing import TYPE_CHECKING

from .._av import averror, pump, releases
from .._av.codecs import packet
from .._av.codecs.audio_decoder import AudioDecoderCore, has_audio_decoder
from .._av.codecs.codec_context import no_decoder
from .._av.frames import channel_layout, samples
from .._av.frames import frame as native
from .._av.frames.picture import Picture
from .._spec.codecs import sound_families
from .._spec.codecs.aac import USAC
from .._spec.codecs.audio_strings import AudioCodecInfo, parse_audio_codec
from ..errors import DataError, EncodingError, NotSupportedError
from ..frames._sound_piece import sound_of

if TYPE_CHECKING:
    from collections import deque

    from .._av.frames.channel_layout import Channels
    from .._ffi._types import AVFrame
    from .._spec.codecs.audio_config import AudioDecoderConfig
    from ..frames._sound_piece import SoundPiece
    from .encoded_audio_chunk import EncodedAudioChunk

    SoundOutput = tuple[Picture, int, SoundPiece]  # and its timestamp

_LATEST = 2**63 - 1


class AudioDecoderDriver:
    """Runs a decoding core for an engine."""

    most = pump.MOST

    def __init__(self, pool_size: int | None) -> None:
        self._core: AudioDecoderCore | None = None
        self._passes_over_junk = False
        self._pre_skip = 0  # samples of each channel
        self._skip = 0  # of them, those still to come
        self._sound: SoundPiece | None = None  # what came last

    def open(self, config: AudioDecoderConfig) -> None:
        self.close()
        family = sound_families.of(parse_audio_codec(config.codec))
        self._core = open_audio_decoder(config)
        self._passes_over_junk = family.PASSES_OVER_JUNK
        self._pre_skip = self._skip = pre_skip_of(config)

    def send(self, chunk: EncodedAudioChunk) -> None:
        core = self._core
        if core is None:
            return
        try:
            # A file's packets have its own clock.
            core.send(chunk._decodable(), chunk._timestamp, True)
        except EncodingError as error:
            silent = self._passes_over_junk and packet.size_of(chunk._ptr)
            if not silent or error.code != averror.INVALID_DATA:
                raise

    def receive(self) -> SoundOutput | None:
        core = self._core
        while core is not None:
            ptr = core.receive()
            if ptr is None:
                return None
            if not self._skip or self._leave_out(ptr):
                return Picture(ptr), native.timestamp(ptr), sound_of(ptr)
        return None

    def run_batch(self, chunks: deque[EncodedAudioChunk], outputs: deque[SoundOutput]) -> None:
        room, end = len(outputs) + len(chunks), time.perf_counter() + pump.TIME / 1e6
        while chunks and len(outputs) < room:
            core = self._core
            if core is not None and not self._skip:
                done = self._run_plain(core, chunks, outputs, room - len(outputs))
                if done and not core.is_ahead:
                    return  # all of them, or time is over
            if not chunks or len(outputs) >= room:
                return
            self.send(chunks.popleft())
            while len(outputs) < room and (output := self.receive()) is not None:
                outputs.append(output)
            if time.perf_counter() > end:
                return

    def _run_plain(
        self,
        core: AudioDecoderCore,
        chunks: deque[EncodedAudioChunk],
        outputs: deque[SoundOutput],
        most: int,
    ) -> int:
        """Run the first chunks together as far as nothing is special about them; return how many
        they were.
        """
        some = list(islice(chunks, most))
        times = [chunk._timestamp for chunk in some]
        packets = [chunk._native if chunk._padded else chunk._decodable() for chunk in some]
        decoded = core.run(packets, times)
        if decoded is None:
            return 0
        pictures, samples = decoded
        sound = self._sound
        if isinstance(samples, int):
            if sound is not None and samples != sound.frames and pictures:
                sound = sound._replace(frames=samples)
            if sound is not None:
                outputs.extend(zip(pictures, times, repeat(sound), strict=False))
        else:
            rows = zip(pictures, times, samples, strict=False)
            for picture, timestamp, (count, is_other) in rows:
                if sound is None or is_other:
                    sound = sound_of(picture.ptr)
                elif count != sound.frames:
                    sound = sound._replace(frames=count)
                outputs.append((picture, timestamp, sound))
        self._sound = sound
        for _ in pictures:
            chunks.popleft()
        return len(pictures)

    def _leave_out(self, ptr: AVFrame) -> bool:
        """Take from a frame what comes before the beginning; return whether anything is left."""
        count, skip = samples.count(ptr), self._skip
        if skip >= count:
            self._skip -= count
            return False
        self._skip = 0
        rate = samples.describe(ptr).sample_rate
        later = native.timestamp(ptr) + skip * 1_000_000 // rate
        native.stamp(ptr, min(later, _LATEST))
        samples.trim(ptr, skip, count - skip)
        return True

    def drain(self) -> None:
        core = self._core
        if core is not None:
            core.drain()

    def restart(self) -> None:
        core = self._core
        if core is not None:
            core.restart()
            self._skip = self._pre_skip

    def close(self) -> None:
        core, self._core = self._core, None
        self._sound = None
        if core is not None:
            core.close()


def open_audio_decoder(
    config: AudioDecoderConfig, *, threads: int = 0, time_base: tuple[int, int] = (1, 1000000)
) -> AudioDecoderCore:
    """Return an open decoding core for a parsed configuration.

    It gives all samples that are decoded, those before the beginning included (`pre_skip_of`).

    Raises
    ------
    NotSupportedError
        Why this FFmpeg cannot decode it.
    """
    info = parse_audio_codec(config.codec)
    require_decoder(info)
    family, number = sound_families.of(info), config.number_of_channels
    rate, channels = family.hints_of(config.sample_rate, number)
    description, carried = _description(config), config._native
    if description is not None:
        extradata = _extradata(family, description, number)
    elif carried is not None:
        extradata = None  # it is there
    elif family.needs_description(number):
        raise NotSupportedError(
            f"{config.codec} of {number} channels cannot be decoded without a description"
        )
    else:
        extradata = family.header_without(info, config.sample_rate, number)
    return AudioDecoderCore(
        info.name,
        extradata=extradata,
        sample_rate=rate,
        channels=None if channels is None else layout_of(config),
        parameters=carried,
        threads=threads,
        time_base=time_base,
    )


def _extradata(
    family: sound_families.SoundFamily, description: bytes, channels: int
) -> bytes | None:
    try:
        extradata = family.extradata_of(description)
        said = family.facts_of(description).channels if family.MUST_AGREE else channels
    except DataError as error:
        raise NotSupportedError(f"the description is not usable: {error}") from error
    if said != channels:
        raise NotSupportedError(
            f"the description says {said} channels, number_of_channels is {channels}"
        )
    return extradata


def _description(config: AudioDecoderConfig) -> bytes | None:
    description = config.description
    return None if description is None else bytes(description)


def pre_skip_of(config: AudioDecoderConfig) -> int:
    """Return how many samples a decoder leaves out at the beginning."""
    description = _description(config)
    if description is None:
        return 0
    family = sound_families.of(parse_audio_codec(config.codec))
    try:
        return family.facts_of(description).pre_skip
    except DataError:
        return 0


def layout_of(config: AudioDecoderConfig) -> Channels:
    """Return the channels of a configuration; InvalidArgumentError: there is no such layout."""
    return channel_layout.parse(config.number_of_channels, config.channel_layout)


def require_decoder(info: AudioCodecInfo) -> None:
    """Raise NotSupportedError if this FFmpeg cannot decode what a codec string names."""
    if not has_audio_decoder(info.name):
        raise no_decoder(info.name)
    if info.object_type == USAC and not releases.decodes_usac():
        raise NotSupportedError(f"{info.string}: FFmpeg decodes xHE-AAC since its release 7.1")
