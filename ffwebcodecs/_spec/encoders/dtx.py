"""Which packets of silence are left out (discontinuous transmission), where libopus cannot be told
to do it: in the same rhythm as it does.
"""

from __future__ import annotations

_SENT = 200_000  # microseconds of silence that are sent
_LEFT_OUT = 400_000  # and then left out, before there is one packet again


class SilenceRhythm:
    """Counts silence, packet by packet."""

    __slots__ = ("_silent",)

    def __init__(self) -> None:
        self._silent = 0

    def leaves_out(self, duration: int, is_silent: bool) -> bool:
        """Tell whether the next packet is left out, which lasts so many microseconds."""
        if not is_silent:
            self._silent = 0
            return False
        self._silent += duration
        if self._silent > _SENT + _LEFT_OUT:
            self._silent = _SENT
            return False
        return self._silent > _SENT
