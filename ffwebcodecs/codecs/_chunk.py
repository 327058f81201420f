"""What coded video and sound come in: pieces that are immutable, never closed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._av.codecs import packet
from .._av.codecs.packet_state import problem_of, say, state_of
from .._av.frames import buffers
from .._runtime.closing import only_once
from .._spec.numbers import show, to_flag, to_int64, to_uint64
from .._spec.types import BytesLike, EncodedChunkType, Integer, WritableBuffer
from ..errors import InvalidArgumentError
from ..frames._state import reduced, unpacked

if TYPE_CHECKING:
    from typing_extensions import Self

    from .._ffi._types import AVPacket

_TYPES = ("key", "delta")


class EncodedChunk:
    """The base of EncodedVideoChunk and EncodedAudioChunk, which are alike.

    The bytes lie in an AVPacket that goes when the chunk and every view of it are gone.
    """

    __slots__ = (
        "__weakref__",
        "_duration",
        "_from_container",
        "_native",
        "_padded",
        "_timestamp",
        "_type",
    )

    _native: Any
    """The packet's pointer, or what the pump has made."""
    _type: EncodedChunkType
    _timestamp: int
    _duration: int | None
    _padded: bool
    _from_container: bool

    def __init__(
        self,
        *,
        type: EncodedChunkType,
        timestamp: Integer,
        data: BytesLike,
        duration: Integer | None = None,
        transfer: bool = False,
    ) -> None:
        only_once(self, "_ptr")
        if not isinstance(type, str) or type not in _TYPES:
            raise InvalidArgumentError(f"type must be 'key' or 'delta', got {show(type)}")
        timestamp = to_int64(timestamp, "timestamp")
        if duration is not None:
            duration = to_uint64(duration, "duration")
        transfer = to_flag(transfer, "transfer")
        exported = buffers.export(data, "data")
        lent = False
        try:
            size = len(exported)
            if transfer:
                ptr = packet.wrap(exported, size)
                lent = size > 0
            else:
                ptr = packet.copy_of(exported, size)
        finally:
            if not lent:
                buffers.unexport(exported)
        packet.tag(ptr, timestamp, duration or 0, type == "key")
        self._type = type
        self._timestamp = timestamp
        self._duration = duration
        self._native = ptr
        self._padded = not transfer
        self._from_container = False

    @classmethod
    def _from_native(
        cls, native: Any, key: bool | int, timestamp: int, duration: int | None
    ) -> Self:
        """Make a chunk of a packet that FFmpeg filled, or the pump's Packet; takes it."""
        chunk = cls.__new__(cls)
        chunk._type = "key" if key else "delta"
        chunk._timestamp = timestamp
        chunk._duration = duration
        chunk._native = native
        chunk._padded = True
        chunk._from_container = True
        return chunk

    @property
    def _ptr(self) -> AVPacket:
        # Two threads that come here together make two pointers to the same packet.
        self._native = ptr = packet.pointer_of(self._native)
        return ptr

    @property
    def type(self) -> EncodedChunkType:
        """``"key"`` or ``"delta"``."""
        return self._type

    @property
    def timestamp(self) -> int:
        """Presentation time in microseconds."""
        return self._timestamp

    @property
    def time(self) -> float:
        """`timestamp` in seconds: the float nearest to it."""
        return self._timestamp / 1_000_000

    @property
    def duration(self) -> int | None:
        """Duration in microseconds, None if unknown."""
        return self._duration

    @property
    def byte_length(self) -> int:
        """Size in bytes."""
        return packet.size_of(self._native)

    @property
    def data(self) -> memoryview:
        """The bytes, without a copy: a read-only view that keeps them alive."""
        return packet.view(self._ptr)

    def copy_to(self, destination: WritableBuffer) -> None:
        """Copy the bytes into a buffer you own; bytes after `byte_length` are left alone.

        Parameters
        ----------
        destination : writable buffer, C-contiguous
            Of at least `byte_length` bytes. Borrowed for this call only.

        Raises
        ------
        InvalidArgumentError
            `destination` is read-only, not contiguous, too small, or not of bytes. Nothing has been
            written.
        """
        buffers.check_items(destination, "destination", "uint8", "a chunk")
        exported = buffers.export(destination, "destination", writable=True)
        try:
            size = packet.size_of(self._ptr)
            if len(exported) < size:
                raise InvalidArgumentError(
                    f"destination holds {len(exported)} bytes, the chunk has {size}"
                )
            packet.copy_out(self._ptr, exported)
        finally:
            buffers.unexport(exported)

    def _lasting(self, duration: int) -> Self:
        """Return a chunk with the same packet and another duration."""
        chunk = self._from_native(self._ptr, self._type == "key", self._timestamp, duration)
        chunk._padded, chunk._from_container = self._padded, self._from_container
        return chunk

    def _decodable(self) -> AVPacket:
        """Return the packet, or a copy of it with the padding that decoders need."""
        return self._ptr if self._padded else packet.padded(self._ptr)

    def __copy__(self) -> Self:
        return self  # it never changes, and is never closed

    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
        ptr = self._ptr
        said = {
            "type": self._type,
            "timestamp": self._timestamp,
            "duration": self._duration,
            "is_from_container": self._from_container,
            "packet": state_of(ptr),
        }
        return reduced(self, said, [packet.view(ptr)], protocol)

    def __setstate__(self, state: Any) -> None:
        only_once(self, "_ptr")
        said, pieces = unpacked(state, f"an {type(self).__name__}")
        if len(pieces) != 1:
            raise said.wrong(f"it comes with {len(pieces)} buffers, a chunk is one")
        told = said["packet"]
        problem = problem_of(told)
        if problem is not None:
            raise said.wrong(problem)
        is_from_container = to_flag(said["is_from_container"], "is_from_container")
        EncodedChunk.__init__(
            self,
            type=said["type"],
            timestamp=said["timestamp"],
            duration=said["duration"],
            data=pieces[0],
            transfer=True,
        )
        say(self._ptr, told)
        self._from_container = is_from_container

    def __sizeof__(self) -> int:
        # With its bytes, as bytes objects have it: what moves work and memory about asks for this.
        return object.__sizeof__(self) + self.byte_length

    def __repr__(self) -> str:
        size = self.byte_length
        name = type(self).__name__
        return f"<{name} {self._type}, timestamp={self._timestamp}, {size} bytes>"
