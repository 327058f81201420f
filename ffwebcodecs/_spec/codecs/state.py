"""The codec state machine, as a table (spec 1.9).

`transition` gives the state after an event, or raises InvalidStateError and nothing has changed.
``fail`` is what a codec does to itself: it closes. close() may be called twice (spec decision 6).
"""

from __future__ import annotations

from ...errors import InvalidStateError
from ..types import CodecState

UNCONFIGURED: CodecState = "unconfigured"
CONFIGURED: CodecState = "configured"
CLOSED: CodecState = "closed"

_TABLE: dict[tuple[str, str], CodecState] = {
    (UNCONFIGURED, "configure"): CONFIGURED,
    (UNCONFIGURED, "reset"): UNCONFIGURED,
    (UNCONFIGURED, "close"): CLOSED,
    (UNCONFIGURED, "fail"): CLOSED,
    (CONFIGURED, "configure"): CONFIGURED,
    (CONFIGURED, "decode"): CONFIGURED,
    (CONFIGURED, "encode"): CONFIGURED,
    (CONFIGURED, "flush"): CONFIGURED,
    (CONFIGURED, "reset"): UNCONFIGURED,
    (CONFIGURED, "close"): CLOSED,
    (CONFIGURED, "fail"): CLOSED,
    (CLOSED, "close"): CLOSED,
    (CLOSED, "fail"): CLOSED,
}
STATES = (UNCONFIGURED, CONFIGURED, CLOSED)
EVENTS = ("configure", "decode", "encode", "flush", "reset", "close", "fail")


def transition(state: CodecState, event: str) -> CodecState:
    """Return the state after `event`, or raise InvalidStateError saying what is in the way."""
    following = _TABLE.get((state, event))
    if following is not None:
        return following
    if state not in STATES or event not in EVENTS:
        raise AssertionError(f"no such state or event: {state!r}, {event!r}")
    if state == CLOSED:
        raise InvalidStateError(f"cannot {event}: the codec is closed")
    raise InvalidStateError(f"cannot {event}: the codec is not configured, call configure() first")
