"""The codec state machine: the specification's summary 1.9, and decision 6 for close()."""

from __future__ import annotations

import pytest

from ffwebcodecs._spec.codecs.state import EVENTS, STATES, transition
from ffwebcodecs.errors import InvalidStateError

ALLOWED = {
    "unconfigured": {
        "configure": "configured",
        "reset": "unconfigured",
        "close": "closed",
        "fail": "closed",
    },
    "configured": {
        "configure": "configured",
        "decode": "configured",
        "encode": "configured",
        "flush": "configured",
        "reset": "unconfigured",
        "close": "closed",
        "fail": "closed",
    },
    "closed": {"close": "closed", "fail": "closed"},
}


def test_all_states_are_known():
    assert set(STATES) == set(ALLOWED)


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("event", EVENTS)
def test_transition(state, event):
    if event in ALLOWED[state]:
        assert transition(state, event) == ALLOWED[state][event]
    else:
        problem = "is closed" if state == "closed" else r"not configured, call configure\(\) first"
        with pytest.raises(InvalidStateError, match=f"cannot {event}: the codec .*{problem}"):
            transition(state, event)
