"""What is raised while libavformat calls Python: it cannot pass through C, so it is kept."""

from __future__ import annotations


class Callee:
    """The base of what libavformat calls.

    Attributes
    ----------
    error : BaseException or None
        What was raised, until `raise_kept` raises it.
    """

    __slots__ = ("_broken", "error")

    def __init__(self) -> None:
        self.error: BaseException | None = None
        self._broken = False

    def raise_kept(self) -> None:
        """Raise what was raised while libavformat called, since the last time."""
        error, self.error = self.error, None
        if error is not None:
            try:
                raise error
            finally:
                del error  # its traceback holds this frame

    def _keep(self, error: BaseException) -> None:
        self._broken = True
        # The first one says what happened, but an interrupt must not be lost.
        if self.error is None or not isinstance(error, Exception):
            self.error = error

    def forget(self) -> None:
        """Give up what was kept. It remembers the frames of its callers, which hold the context."""
        self.error = None
