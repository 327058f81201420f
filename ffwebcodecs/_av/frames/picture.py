"""The picture that frames share: one AVFrame and what hangs on it.

A `VideoFrame` refers to a picture, its clones refer to the same one, and `close` drops the
reference. The last one to go frees the AVFrame and gives the decoder's lease back. Views of the
memory hold the AVFrame alone: they keep the bytes, not the lease.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .. import pump

if TYPE_CHECKING:
    from ..._ffi._types import AVFrame


class Picture:
    """An AVFrame owner with an optional lease; whoever holds the picture may read its pixels."""

    __slots__ = ("_address", "lease", "ptr")

    def __init__(self, ptr: AVFrame, lease: Any = None) -> None:
        self.ptr = ptr
        # A lease goes back to its pool when it is dropped: with the picture.
        self.lease = lease
        self._address = 0  # not known

    @property
    def frame(self) -> int:
        """What the pump knows it by: its address."""
        address = self._address
        if not address:
            self._address = address = pump.number(self.ptr)
        return address

    def hold(self, holder: object) -> None:
        """Note a frame that opens, where dropping a reference does not free at once."""
        if self.lease is not None:
            self.lease.hold(holder)

    def let_go(self, holder: object) -> None:
        """Forget a frame that closes."""
        if self.lease is not None:
            self.lease.let_go(holder)
