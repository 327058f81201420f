"""The tracks of a file that is being written: which will come, and when all that must be known
before the first byte is.

The header of a file names all of its tracks, so it waits: for those that were announced, or for
those that come by the time that the video's first chunks, or some seconds of sound, are there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from .._av.files.containers import Container, Wanted, codec_id
from .._av.files.mux import MuxerCore
from .._av.files.streams import CopiedStream
from .._spec.files.stream_names import disposition_bits
from .._spec.numbers import show
from .._spec.texts import items_of, to_text
from ..errors import InvalidArgumentError, InvalidStateError, NotSupportedError
from ._labelling import label_announced
from ._losses import Losses
from ._mux_metadata import texts
from ._sound_track import SoundTrack
from ._told_sound import tell_apart, tell_gap, tell_late

DEFAULT = disposition_bits("default")
VIDEO, AUDIO = "video", "audio"
Name = str | int
_LONGEST = 10_000_000  # microseconds of sound that wait for other tracks
_MOST = 512 << 20  # bytes that wait


class Tracks:
    """All tracks but those that are copied as they are.

    Parameters
    ----------
    announced : iterable of names, mapping of names to tags, or None
    container : Container
    shown : str
        The file as the user knows it.
    """

    def __init__(self, announced: Any, container: Container, shown: str) -> None:
        self._container = container
        self._shown = shown
        self._announced = _read(announced)
        self.video: Name | None = None  # as chunks name it, once one has come
        self.sounds: dict[Name, SoundTrack] = {}
        self._dispositions: dict[Name, int] = {}

    def announce(self, name: Name, tags: Mapping[str, str], disposition: int) -> None:
        """Let a track be waited for, which has this AV_DISPOSITION_... in the file."""
        self._dispositions[name] = disposition
        if self._announced is None:
            self._announced = {}
        self._announced[name] = dict(tags)

    @property
    def are_announced(self) -> bool:
        """Whether somebody has said which will come."""
        return self._announced is not None

    def withdraw(self, name: Name) -> None:
        """Let a track that was announced not be waited for any more."""
        if self._announced is not None:
            self._announced.pop(name, None)

    def tags_of(self, name: Name, kind: str, losses: Losses) -> dict[str, str]:
        """Return the tags that were announced for a track, as far as the container holds them."""
        tags = (self._announced or {}).get(name, {})
        return label_announced(tags, kind, self._container, losses) if tags else {}

    def checked_video(self, name: Name | None, has_begun: bool) -> Name:
        """Return the name of the track that the first chunk of video is for."""
        name = VIDEO if name is None else _name(name)
        if name in self.sounds:
            raise InvalidArgumentError(f"the track {name!r} is sound, the chunk is video")
        if has_begun:
            raise self._too_late(name)
        self._require(name)
        return name

    def check_video(self, name: Name | None) -> None:
        """Raise NotSupportedError if a chunk of video is for another track than those before."""
        if name is not None and _name(name) != self.video:
            raise NotSupportedError(
                f"a chunk of video is for the track {name!r} after {self.video!r}: a file made "
                "here has one video"
            )

    def sound(self, name: Name | None) -> SoundTrack | None:
        """Return the track that a chunk of sound is for, None if it is its first one."""
        return self.sounds.get(AUDIO if name is None else _name(name))

    def new_sound(self, name: Name | None, has_begun: bool, losses: Losses) -> SoundTrack:
        """Return a new track, which is one of these once `add` was called."""
        name = AUDIO if name is None else _name(name)
        if name == self.video:
            raise InvalidArgumentError(f"the track {name!r} is video, the chunk is sound")
        if has_begun:
            raise self._too_late(name)
        self._require(name)
        if self._container.holds_one_stream and self.sounds:
            suffix = self._container.sound_suffix or self._container.name
            raise NotSupportedError(f"{suffix} holds one stream of sound (.mka holds all of it)")
        return SoundTrack(name, self.tags_of(name, "audio", losses))

    def add(self, track: SoundTrack) -> None:
        """Take a track whose first chunk is all right."""
        self.sounds[track.name] = track
        if track.sound is not None:
            track.sound.disposition |= self._dispositions.get(track.name, 0)

    def _too_late(self, name: Name) -> InvalidStateError:
        names = [*([] if self.video is None else [self.video]), *self.sounds]
        names = [*[one for one in names if one != name], name]
        return InvalidStateError(
            f"{self._shown} has begun without the track {name!r}: give a chunk of each track among "
            "the first 32 of video, or the first 10 s of sound, or say which will come: "
            f"Muxer(..., tracks={names!r})"
        )

    def _require(self, name: Name) -> None:
        if self._announced is not None and name not in self._announced:
            raise InvalidArgumentError(
                f"the track {name!r} is not one of tracks={list(self._announced)!r}"
            )

    def are_here(self, video_ready: bool, has_video: bool) -> bool:
        """Return whether all tracks are known that the file will have; without `has_video` they are
        sound, and it is known how many.
        """
        if self._announced is not None:
            return all(
                name in self.sounds or (name == self.video and video_ready)
                for name in self._announced
            )
        if self.video is not None or not has_video:
            return video_ready or not has_video
        if self._container.holds_one_stream:
            return bool(self.sounds)
        return any(track.lasting >= _LONGEST for track in self.sounds.values())

    def check_waiting(self, of_video: int) -> None:
        """Raise InvalidStateError if too much waits for tracks that were announced."""
        waiting = of_video + sum(track.waiting_bytes for track in self.sounds.values())
        if waiting > _MOST:
            raise InvalidStateError(
                f"{waiting >> 20} MiB wait for the first chunk of {self.missing()!r}, which "
                f"tracks= of {self._shown} announces: give one of each track early"
            )

    def missing(self) -> list[Name]:
        """Return the names that were announced, of which nothing has come."""
        names = self._announced or {}
        return [name for name in names if name != self.video and name not in self.sounds]

    def place(self, others: Sequence[CopiedStream | Name]) -> list[CopiedStream | SoundTrack]:
        """Return what stands beside the video, in order: what was announced among the copied
        streams in its place, the rest behind them.
        """
        placed: list[CopiedStream | SoundTrack] = []
        left = dict(self.sounds)
        for each in others:
            if isinstance(each, CopiedStream):
                placed.append(each)
            elif each in left:
                placed.append(left.pop(each))  # by its name
        order = list(self._announced or left)
        found = list(left.values())
        found.sort(key=lambda track: order.index(track.name))
        placed += found
        _choose_default(placed)
        return placed

    def wanted(self) -> list[Wanted]:
        """Return what has to be held, for the advice that an error gives."""
        codecs = [track.sound.codec for track in self.sounds.values() if track.sound is not None]
        return [Wanted("audio", codec_id(codec), codec) for codec in codecs]

    def write_until(self, core: MuxerCore, time: int | None, guard: Callable[..., Any]) -> None:
        """Write the sound that begins before a time of the file, None: all that is ready."""
        while self.sounds:
            times = {name: track.next_time for name, track in self.sounds.items()}
            begins = {name: begin for name, begin in times.items() if begin is not None}
            if not begins:
                return
            name = min(begins, key=begins.__getitem__)
            if time is not None and begins[name] > time:
                return
            guard(self.sounds[name].write_next, core)

    def finish(self) -> None:
        """Let all that is left be written next."""
        for track in self.sounds.values():
            track.finish()

    def end(self, core: MuxerCore) -> None:
        """Write what only the end tells, once all packets are written."""
        for track in self.sounds.values():
            track.end(core)

    def close(self) -> None:
        """Let go of all chunks."""
        self.sounds = {}

    def tell_late(self, losses: Losses, offset: int) -> None:
        """Say which tracks have not come, and which sound begins with silence or apart from the
        picture, where the container cannot help it. `offset` is added to the video's times.
        """
        for name in self.missing():
            losses.add(
                f"the track {name!r}",
                "it has no chunks",
                f"{self._shown} gets no track {name!r}: no chunk of it has come",
            )
        for track in self.sounds.values():
            tell_late(track, self._container, losses, self._shown)
            tell_apart(track, offset, self._container, losses, self._shown)

    def tell_ends(self, losses: Losses) -> None:
        """Say which sound has gaps, where the container cannot say when it goes on."""
        for track in self.sounds.values():
            tell_gap(track, self._container, losses, self._shown)


def _choose_default(placed: Sequence[CopiedStream | SoundTrack]) -> None:
    """Let players begin with the first track of sound, unless another one is said to be it."""
    sounds = [each for each in placed if isinstance(each, SoundTrack)]
    copied = [each for each in placed if isinstance(each, CopiedStream) and each.kind == "audio"]
    said = [each.sound.disposition & DEFAULT for each in sounds if each.sound is not None]
    if sounds and not any(each.is_default for each in copied) and not any(said):
        assert sounds[0].sound is not None
        sounds[0].sound.disposition |= DEFAULT


def _name(name: object) -> Name:
    if isinstance(name, int) and not isinstance(name, bool):
        return name
    if isinstance(name, str):
        return to_text(name, "track")
    raise InvalidArgumentError(f"track must be a name or a number, got {show(name)}")


def _read(announced: Any) -> dict[Name, dict[str, str]] | None:
    if announced is None:
        return None
    if isinstance(announced, Mapping):
        found = items_of(announced, "tracks")
        return {_name(name): texts(tags, f"tracks[{show(name)}]") for name, tags in found}
    if isinstance(announced, (str, bytes)) or not isinstance(announced, Iterable):
        raise InvalidArgumentError(
            f"tracks must be names such as ('video', 'audio'), got {show(announced)}"
        )
    try:
        names = list(announced)
    except MemoryError:
        raise
    except Exception as error:
        raise InvalidArgumentError(f"tracks cannot be read: {show(error)}") from error
    known: dict[Name, dict[str, str]] = {_name(name): {} for name in names}
    if len(known) < len(names):
        raise InvalidArgumentError(f"tracks names one twice: {show(names)}")
    return known
