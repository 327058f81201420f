"""What a `FrameRef` says of its file: the name, how to open it, and by what it is known again.

All references to one Video share one `FrameSource`, and in a pickle one tuple of plain values, so a
list of them takes a few bytes for each. The tuple is short in every protocol of pickle: bytes are
base 85, for protocol 2 doubles them; a name that is no text is, too.
"""

from __future__ import annotations

import base64
import os
import stat
import weakref
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from .._av.files.opening import Opening
from .._spec.codecs.picture_limit import MAX_PIXELS
from .._spec.discreet import discreet
from .._spec.files.limits import LIMITS
from .._spec.texts import descriptor_of, is_path, to_path
from ..errors import DataError, NotSupportedError
from ._source_digest import SourceDigest

if TYPE_CHECKING:
    from .._spec.codecs.config import VideoDecoderConfig
    from ._video_core import VideoCore
    from .video_index import VideoIndex

    Pairs = tuple[tuple[str, Any], ...]

_VERSION = 1
_SEAL = 20  # bytes of the digest
_PLACE = 8
# Parameters that make no difference to what frames are, nor to what may be opened.
_INDIFFERENT = frozenset(("cache_bytes", "threads", "timeout"))
_KNOWN: weakref.WeakValueDictionary[Any, FrameSource] = weakref.WeakValueDictionary()


class Seen:
    """What the system says of a file without reading it: two of the same are the same file, which
    nobody has changed.
    """

    __slots__ = ("changed", "facts")

    def __init__(self, path: str) -> None:
        found = os.stat(path)
        self.changed = found.st_mtime_ns
        self.facts = found.st_dev, found.st_ino, found.st_size, self.changed, found.st_ctime_ns

    def is_same_file(self, other: Seen) -> bool:
        """Return whether it is the same file, changed or not."""
        return self.facts[:2] == other.facts[:2]


class FrameSource:
    """A file that references name; equal to those of which frames are the same.

    Parameters
    ----------
    packed : tuple
        All of it as plain values, for a pickle.

    Attributes
    ----------
    name : str
        An absolute path, or a URL as it was given.
    packets : int
        How many there are in the file.
    index : str or None
        The file with the index.
    given : tuple of (str, object)
        How to open it: parameters of `Video` that are not the usual ones.
    key : tuple
        What makes it equal to others.
    known : callable
        Returns the index, if whoever made it here still has it, else None.
    """

    __slots__ = (
        *("__weakref__", "_changed", "_place", "_seal", "_size"),
        *("given", "index", "key", "known", "name", "packed", "packets"),
    )

    packets: Any
    given: Any

    def __init__(self, packed: tuple[Any, ...]) -> None:
        name, seal, self._size, self.packets, self._changed, index, self.given = packed[1:]
        self.packed: tuple[Any, ...] = packed
        self.name: str = _name_of(name)
        whole = base64.b85decode(seal)
        self._seal, self._place = whole[:_SEAL], whole[_SEAL:]
        self.index: str | None = None
        if index is not None:
            count, rest = index
            self.index = self.name[:count] + _name_of(rest)
        self.known: Any = type(None)
        matters = tuple(each for each in self.given if each[0] not in _INDIFFERENT)
        self.key: tuple[str, bytes, tuple[Any, ...]] = self.name, self._seal, matters

    def __eq__(self, other: object) -> bool:
        return self is other or (isinstance(other, FrameSource) and self.key == other.key)

    def __hash__(self) -> int:
        return hash(self.key)

    @property
    def shown(self) -> str:
        """The name for people."""
        return repr(discreet(self.name))

    @property
    def path(self) -> str:
        """The name for the operating system."""
        return self.name[7:] if self.name.startswith("file://") else self.name

    @property
    def is_file(self) -> bool:
        """Whether it is a file that can be looked at: no URL, no pattern of names."""
        return self._size is not None

    def require_untouched(self, seen: Seen, place: bytes) -> None:
        """Raise DataError if the file was changed since, where its time can be compared."""
        if self._place and place == self._place and seen.changed != self._changed:
            raise self._other("it was changed since")

    def require(self, now: SourceDigest) -> None:
        """Raise DataError if what is there now is not what the references are to, as far as can be
        told without reading all of it.
        """
        if now.says_nothing:
            raise self._other("it is a pipe or a device")
        if now.size != self._size:
            raise self._other(f"it has {now.size} bytes, that had {self._size}")
        if now.seal(self.packets)[:_SEAL] != self._seal:
            raise self._other("its first or last 64 KiB are others")

    def require_open(self, core: VideoCore) -> None:
        """Raise DataError if what was opened is not what the references are to."""
        digest, table = core.digest, core.engine.table
        if self.is_file:
            self.require(digest)
        if len(table) != self.packets:
            raise self._other(f"it has {len(table)} packets, that had {self.packets}")
        if digest.seal_of(table)[:_SEAL] != self._seal:
            raise self._other("its packets are others")

    def fits(self, index: VideoIndex, now: SourceDigest | None) -> bool:
        """Return whether an index is this file's, as it is now."""
        if index.packet_count != self.packets:
            return False
        if now is not None:
            return index._source.difference(now) is None
        return SourceDigest().seal_of(index._table)[:_SEAL] == self._seal

    def _other(self, why: str) -> DataError:
        return DataError(
            f"{self.shown} is not the file that the reference was made of: {why}; make the "
            "reference again, with video.ref"
        )


def source_of(packed: Any) -> FrameSource:
    """Return the source of these plain values, the same one each time.

    Raises
    ------
    DataError
        They are damaged, or of a later version.
    """
    try:
        found = _KNOWN.get(packed)
        if found is None:
            if packed[0] != _VERSION:
                raise DataError(
                    f"the reference is of version {packed[0]!r:.20}, this package reads version "
                    f"{_VERSION}: make it again"
                )
            _KNOWN[packed] = found = FrameSource(packed)
        return found
    except (TypeError, ValueError, LookupError) as error:
        if isinstance(error, DataError):
            raise
        raise DataError(f"the reference is damaged: {error}") from None


def place_of(digest: SourceDigest) -> bytes:
    """Return where a file is: on which machine, under which path; nothing if that is not known."""
    return b"" if digest.place is None else bytes.fromhex(digest.place)[:_PLACE]


class Origin:
    """What a Video was made of, for its references.

    Parameters
    ----------
    source : object
        As it was given.
    opening, config, **others
        How it was opened.
    """

    __slots__ = ("_given", "_kind", "_made", "_name")

    def __init__(
        self, source: Any, opening: Opening, config: VideoDecoderConfig | None, **others: Any
    ) -> None:
        self._name = _absolute(to_path(source)) if is_path(source) else None
        self._kind = type(source).__name__
        self._given = _given(opening, config, others)
        self._made: tuple[str | None, FrameSource] | None = None

    def source(self, core: VideoCore, index: VideoIndex) -> FrameSource:
        """Return the source of references to a Video; raises NotSupportedError if there can be
        none.
        """
        saved = index._saved
        if self._made is None or self._made[0] != saved:
            name, digest, table = self._reopened(core.digest), core.digest, core.engine.table
            seal = digest.seal_of(table)[:_SEAL] + place_of(digest)
            packed = (
                _VERSION,
                _packed_name(name),
                base64.b85encode(seal).decode(),
                digest.size,
                len(table),
                digest.changed,
                None if saved is None else _packed_beside(name, saved),
                self._given,
            )
            self._made = saved, source_of(packed)
        made = self._made[1]
        made.known = weakref.ref(index)
        return made

    def _reopened(self, digest: SourceDigest) -> str:
        """Return the name by which it can be opened elsewhere."""
        name = self._name
        if name is None:
            raise refusal(f"a {self._kind} has no name that another process could open")
        if name == "-" or name.startswith("pipe:") or descriptor_of(name) is not None:
            raise refusal(f"{name!r} is this process's own")
        if digest.says_nothing and "://" not in name:
            try:
                mode = os.stat(name).st_mode
            except OSError:  # a pattern of names
                return name
            if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
                raise refusal(f"{name!r} is a pipe or a device, which is read once")
        return name


def refusal(why: str) -> NotSupportedError:
    """Return the error for a reference to what only this process has."""
    return NotSupportedError(
        f"there is no reference to this Video: {why}; write it to a file and open that, or send "
        "the frames themselves"
    )


def _given(opening: Opening, config: VideoDecoderConfig | None, others: Mapping[str, Any]) -> Pairs:
    """Return those parameters of a Video that are not the usual ones."""
    limits = {key: str(value) for key, value in opening.limits.items() if value != LIMITS[key]}
    given = {
        "config": config,
        "format": opening.format,
        "options": tuple({**opening.options, **limits}.items()) or None,
        "playlists": opening.playlists,
        "max_pixels": None if opening.max_pixels == MAX_PIXELS else opening.max_pixels or 0,
        "timeout": opening.timeout,
        "stream": opening.stream,
        "color_space": opening.color_space,
        **others,
    }
    return tuple((name, value) for name, value in given.items() if value is not None)


def _absolute(name: str) -> str:
    if "://" in name or name == "-" or name.startswith("pipe:"):
        return name
    return os.path.abspath(name)


def _packed_name(name: str) -> Any:
    try:
        name.encode()
    except UnicodeEncodeError:  # bytes that are no text
        return (base64.b85encode(os.fsencode(name)).decode(),)
    return name


def _name_of(packed: Any) -> str:
    return packed if isinstance(packed, str) else os.fsdecode(base64.b85decode(*packed))


def _packed_beside(name: str, other: str) -> tuple[int, Any]:
    """Return a path as what follows what it has in common with a name."""
    count = len(os.path.commonprefix((name, other)))  # noqa: RUF071
    return count, _packed_name(other[count:])
