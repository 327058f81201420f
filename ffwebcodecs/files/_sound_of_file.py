"""What a Demuxer gives besides chunks of video: chunks of sound, and of several streams."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from .._av.files.demux import DemuxerCore
from .._runtime.closing import Closable
from .._spec.codecs.audio_config import AudioDecoderConfig
from .._spec.numbers import to_int64, to_integer
from ..codecs.encoded_audio_chunk import EncodedAudioChunk
from ..codecs.encoded_video_chunk import EncodedVideoChunk
from ..errors import InvalidArgumentError
from ._sound_config import sound_config
from ._stream_reader import StreamReader

if TYPE_CHECKING:
    from ._positions import Position


class SoundOfFile(Closable):
    """The part of a Demuxer that reads sound, alone or with its video."""

    __slots__ = ("_audio_config", "_reader", "_video")

    # A Demuxer's own.
    _lock: threading.RLock
    _open_core: Callable[[], DemuxerCore]

    def _begin_reading(self, core: DemuxerCore, position: Position) -> None:
        self._reader = StreamReader(core, position)
        self._video = frozenset([core.info.index])
        self._audio_config: AudioDecoderConfig | None = None

    @property
    def audio_config(self) -> AudioDecoderConfig:
        """What `AudioDecoder.configure` needs for the sound: for the best stream of sound by
        FFmpeg's judgement. `audio_config_of` has those of the others.

        Raises
        ------
        NotSupportedError
            There is no sound.
        """
        if self._audio_config is None:
            self._audio_config = self.audio_config_of(None)
        return self._audio_config

    def audio_config_of(self, stream: int | None) -> AudioDecoderConfig:
        """Return the configuration of a stream of sound, by its index in `streams`, None: the best
        one.

        Some files say `initial_padding` with their first packet only. It is looked at if nothing
        has been read yet.

        Raises
        ------
        NotSupportedError
            There is no sound.
        InvalidArgumentError
            There is no such stream, or it is no sound.
        InvalidStateError
            The demuxer is closed.
        """
        wanted = None if stream is None else to_integer(stream, "stream")
        with self._lock:
            return sound_config(self._open_core(), wanted)

    def audio_chunks(
        self, start: int | None = None, *, stream: int | None = None
    ) -> Iterator[EncodedAudioChunk]:
        """Yield the chunks of the sound in the order of the file, from the beginning the first time
        and from where the last call for the same stream stopped after that.

        Times are the container's. What an encoder put before the sound comes too, most often at
        times before 0; `audio_config.initial_padding` says how much of it there is, if the file
        does, and `read_audio` leaves it out.

        Parameters
        ----------
        start : int, optional
            Microseconds: begin with the last key chunk at or before this time, which is the one of
            that time of most codecs.
        stream : int, optional
            Index of the stream of sound, as in `streams`; default: the best one by FFmpeg's
            judgement.

        Raises
        ------
        InvalidStateError
            The demuxer is closed. Or it is a pipe that has been read for other streams; or other
            streams have been asked for since.
        NotSupportedError
            There is no sound.
        InvalidArgumentError
            There is no such stream, or it is no sound.
        EncodingError
            The file is damaged here, or the container cannot seek.
        TimeoutError
            The next chunk took longer than `timeout`.
        """
        wanted = None if stream is None else to_integer(stream, "stream")
        with self._lock:
            index = self._open_core().sound(wanted).number
            self._choose(frozenset([index]), start)
        return self._chunks_of_one(frozenset([index]))

    def chunks_of(
        self, streams: Iterable[int], start: int | None = None
    ) -> Iterator[tuple[int, EncodedVideoChunk | EncodedAudioChunk]]:
        """Yield the chunks of several streams in the order of the file, in one pass over it: each
        with the index of its stream before it.

        Parameters
        ----------
        streams : iterable of int
            Indexes as in `streams`: of the video that is read (`stream`), and of any sound.
        start : int, optional
            Microseconds: each stream begins with its last key chunk at or before this time.

        Raises
        ------
        InvalidStateError, EncodingError, TimeoutError
            As for `audio_chunks`.
        InvalidArgumentError
            One of them is not there, or is neither this video nor sound.

        Examples
        --------
        >>> with Demuxer("clip.mp4") as demuxer:
        ...     for index, chunk in demuxer.chunks_of([0, 1]):
        ...         (video if index == 0 else audio).decode(chunk)
        """
        wanted = frozenset(to_integer(each, "a stream") for each in streams)
        if not wanted:
            raise InvalidArgumentError("streams is empty: nothing would be read")
        with self._lock:
            core = self._open_core()
            for index in wanted - self._video:
                core.sound(index)
            return self._pairs(wanted, start)

    def _pairs(
        self, streams: frozenset[int], start: int | None
    ) -> Iterator[tuple[int, EncodedVideoChunk | EncodedAudioChunk]]:
        self._choose(streams, start)
        reader = self._reader

        def pairs() -> Iterator[tuple[int, EncodedVideoChunk | EncodedAudioChunk]]:
            while True:
                with self._lock:
                    self._open_core()
                    found = reader.next(streams)
                if found is None:
                    return
                yield found
                del found  # the program's alone while the next one is waited for

        return pairs()

    def _choose(self, streams: frozenset[int], start: int | None) -> None:
        self._reader.choose(streams, None if start is None else to_int64(start, "start"))

    def _chunks_of_one(self, streams: frozenset[int]) -> Iterator[EncodedAudioChunk]:
        reader = self._reader
        waiting = reader.waiting
        while True:
            # What has been read already needs no lock: whoever goes elsewhere forgets it first.
            self._open_core()
            if reader.selected == streams:
                try:
                    yield waiting.popleft()[1]  # type: ignore[misc]
                    continue
                except IndexError:
                    pass
            with self._lock:
                self._open_core()
                found = reader.next(streams)
            if found is None:
                return
            yield found[1]  # type: ignore[misc]
            del found  # the program's alone while the next one is waited for
