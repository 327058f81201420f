"""Reading bits from headers. Whatever is short or senseless becomes DataError."""

from __future__ import annotations

from ...errors import DataError, InvalidArgumentError
from ..numbers import show

# No header that is read here is longer; what follows is never looked at.
HEADER_LIMIT = 4096


def as_view(data: object) -> memoryview:
    """Return the bytes of any buffer as a flat memoryview, without a copy if it is contiguous."""
    if isinstance(data, str):
        raise InvalidArgumentError(f"data must be bytes, got {show(data)}")
    try:
        view = memoryview(data)  # type: ignore[arg-type]
        if view.format == "B" and view.ndim == 1 and view.contiguous:
            return view
        return view.cast("B") if view.c_contiguous else memoryview(view.tobytes())
    except Exception as error:
        raise InvalidArgumentError(f"data must be bytes, got {show(data)}") from error


class Record:
    """Base of the parsed headers: plain members, set by keyword."""

    __slots__: tuple[str, ...] = ()

    def __init__(self, **members: object) -> None:
        for name in self.__slots__:
            setattr(self, name, members[name])

    def __repr__(self) -> str:
        members = ", ".join(f"{name}={show(getattr(self, name))}" for name in self.__slots__)
        return f"{type(self).__name__}({members})"


class BitReader:
    """Reads a header from its most significant bit on."""

    __slots__ = ("_at", "_data", "_end", "_what")

    def __init__(self, data: bytes, what: str) -> None:
        self._data = data
        self._at = 0
        self._end = len(data) * 8
        self._what = what

    def bits(self, count: int) -> int:
        """Return the next `count` bits as an unsigned integer."""
        end = self._at + count
        if end > self._end:
            raise DataError(f"{self._what} ends early, after {len(self._data)} bytes")
        last = (end + 7) >> 3
        value = int.from_bytes(self._data[self._at >> 3 : last], "big") >> (last * 8 - end)
        self._at = end
        return value & ((1 << count) - 1)

    def flag(self) -> bool:
        """Return the next bit."""
        return self.bits(1) == 1

    def ue(self) -> int:
        """Return an Exp-Golomb number, 0 to 2^32 - 2."""
        zeros = 0
        while not self.bits(1):
            zeros += 1
            if zeros > 31:
                raise DataError(f"{self._what} holds a number of more than 32 bits")
        return (1 << zeros) - 1 + self.bits(zeros)

    def se(self) -> int:
        """Return a signed Exp-Golomb number."""
        value = self.ue()
        return (value + 1) >> 1 if value & 1 else -(value >> 1)

    def skip_uvlc(self) -> None:
        """Skip one of AV1's variable-length numbers."""
        zeros = 0
        while not self.bits(1):
            zeros += 1
        if zeros < 32:
            self.bits(zeros)
