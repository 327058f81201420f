"""FrameTicket: what is sent in place of a frame that lies in shared memory."""

from __future__ import annotations

from .._public import public
from .._spec.frames.slots import TicketText
from .._spec.numbers import show
from ..errors import InvalidArgumentError


@public
class FrameTicket:
    """Says where a frame lies that `SharedFrames.put` has put there; `open_shared` opens it, once.

    It pickles in less than 300 bytes, and goes through every queue. Where only text goes, send
    ``str(ticket)``, and make a ticket of that again. Immutable; equal to its copies.

    Parameters
    ----------
    text : str
        What ``str(ticket)`` gave.

    Raises
    ------
    InvalidArgumentError
        `text` is not that.
    """

    __slots__ = ("_parts", "_text")

    _text: str
    _parts: TicketText

    def __init__(self, text: str) -> None:
        if not isinstance(text, str):
            raise InvalidArgumentError(
                f"a FrameTicket is made by SharedFrames.put, or of its text, got {show(text)}"
            )
        try:
            parts = TicketText.parse(text)
        except ValueError as error:
            raise InvalidArgumentError(f"{show(text)} is no FrameTicket: {error}") from None
        object.__setattr__(self, "_text", text)
        object.__setattr__(self, "_parts", parts)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"a FrameTicket is immutable: {name} cannot be set")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"a FrameTicket is immutable: {name} cannot be deleted")

    def __eq__(self, other: object) -> bool:
        return self._text == other._text if isinstance(other, FrameTicket) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._text)

    def __str__(self) -> str:
        return self._text

    def __repr__(self) -> str:
        return f"FrameTicket({self._text!r})"

    def __reduce__(self) -> tuple[type[FrameTicket], tuple[str]]:
        return FrameTicket, (self._text,)

    def __copy__(self) -> FrameTicket:
        return self

    def __deepcopy__(self, memo: object) -> FrameTicket:
        return self
