"""The indices of files that references have opened: those used last as they are, others packed.

A pass over all packets of a file is worth more than the memory of its index, so the index stays
when the file is closed. As it is, it is a dozen small arrays. Those that stay while all around them
goes leave the heap full of holes: 30 KB for each file, of which 9 are its own. Packed, it is one
piece of about 10 bytes for a packet.

What is lost between two steps, by an interrupt or another thread, is read once more.
"""

from __future__ import annotations

import io
import threading
import zlib
from typing import Any, NamedTuple

from .._runtime import memory
from ._index_file import pack_index, unpack_index
from .video_index import VideoIndex

Key = tuple[Any, ...]
_ROW = 80  # bytes that a packet takes in an index, with what is found out of it
_NO_ROWS = 3000  # bytes of an index without packets
_KEY = 600  # bytes of a key, and of what names it here


class _Kept(NamedTuple):
    """An index; once it has been packed, that is not done again."""

    whole: VideoIndex | None
    packed: bytes


class KeptIndices:
    """Keeps the indices of files, within a number of bytes; `memory.MemoryHolder`."""

    _memory_kind = "references"

    def __init__(self) -> None:
        # Reentrant: destructors and handlers of signals may use references too.
        self._lock = threading.RLock()
        # Both in the order of use; each with its bytes and the stamp of its last use.
        self._whole: dict[Key, tuple[_Kept, int, int]] = {}
        self._packed: dict[Key, tuple[_Kept, int, int]] = {}
        self._held = 0

    def __len__(self) -> int:
        return len(self._whole) + len(self._packed)

    def copy(self) -> KeptIndices:
        """Return another one with the same indices: a forked child's, with a lock of its own."""
        other = KeptIndices()
        other._whole.update(self._whole)
        other._packed.update(self._packed)
        other._held = self._held
        return other

    def get(self, key: Key) -> VideoIndex | None:
        """Return the index of a file, None if it is not here; `put` it back, as used now."""
        with self._lock:
            found = self._whole.get(key) or self._packed.get(key)
        if found is None:
            return None
        whole, packed = found[0]
        return _unpacked(packed) if whole is None else whole

    def put(self, key: Key, index: VideoIndex, most_whole: int, most_packed: int) -> None:
        """Keep an index.

        Parameters
        ----------
        key, index
            Of which file; and it, which is used now.
        most_whole : int
            How many stay as they are.
        most_packed : int
            How many bytes the packed ones may take.
        """
        with self._lock:
            before = self._whole.pop(key, None) or self._packed.pop(key, None)
            packed = b"" if before is None else before[0].packed
            size = _NO_ROWS + _ROW * index.packet_count + len(packed)
            self._whole[key] = _Kept(index, packed), size, memory.next_use()
        if before is not None and before[0].whole is index:
            return  # there is no more than before
        while len(self._whole) > most_whole:
            self._pack_oldest()
        with self._lock:
            # Added up anew each time: a sum that is kept up is wrong for ever after an interrupt.
            held = sum(size for _, size, _ in [*self._packed.values()])
            while held > most_packed and (size := _drop_oldest(self._packed)):
                held -= size
            self._held = held + sum(size for _, size, _ in [*self._whole.values()])
        memory.watch(self)
        memory.keep_within()

    def _pack_oldest(self) -> None:
        with self._lock:
            oldest = next(iter(self._whole.items()), None)
        if oldest is None:
            return
        key, (kept, _, used) = oldest
        # A long one takes a while: without the lock, and others find it meanwhile.
        assert kept.whole is not None
        packed = kept.packed or _packed(kept.whole)
        with self._lock:
            self._whole.pop(key, None)
            self._packed[key] = _Kept(None, packed), len(packed) + _KEY, used

    # ---- what all caches of the process hold together

    def _memory_held(self) -> int:
        return self._held

    def _memory_oldest(self) -> int | None:
        return next((used for _, _, used in (self._packed or self._whole).values()), None)

    def _memory_drop(self) -> bool:
        """Drop the index that was used longest ago: a packed one, if there is one."""
        with self._lock:
            size = _drop_oldest(self._packed) or _drop_oldest(self._whole)
            self._held -= size
        return size > 0


def _drop_oldest(kept: dict[Key, tuple[_Kept, int, int]]) -> int:
    """Drop an index and return its bytes; 0: there is none."""
    dropped = kept.pop(next(iter(kept), ()), None)
    return 0 if dropped is None else dropped[1]


def _packed(index: VideoIndex) -> bytes:
    packer = zlib.compressobj(1)
    pieces = [packer.compress(piece) for piece in pack_index(index._table, index._source)]
    return b"".join([*pieces, packer.flush()])


def _unpacked(data: bytes) -> VideoIndex:
    whole = zlib.decompress(data)
    return VideoIndex._of(*unpack_index(io.BytesIO(whole), len(whole), "a kept index"))
