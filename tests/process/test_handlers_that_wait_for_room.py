"""A signal's handler or a destructor that decodes, into a queue with a limit, in the middle of a
call that does the same: it waits for room, and gets it.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator

import attack
import pytest
from decode_helpers import TIMEOUT
from interrupting import Moments
from queue_helpers import Queued

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def untraced() -> Iterator[None]:
    before = sys.gettrace()
    yield
    sys.settrace(before)


def came(kind: str, at: int) -> tuple[Moments, str | None]:
    """Queue two more at moment `at` of a call that queues one; return what is wrong after it."""
    queued = Queued(kind, max_queue=1)
    queued.go()

    def handler() -> None:
        queued.put()
        queued.put()

    moment = Moments(at=at, act=handler)
    with queued.codec:
        queued.put()
        queued.codec.flush().result(TIMEOUT)  # so the call itself need not wait
        queued.restart()
        thread = threading.Thread(target=moment.during, args=[queued.put], daemon=True)
        thread.start()
        thread.join(TIMEOUT / 2)
        if thread.is_alive():
            queued.codec.reset()  # ends the wait
            thread.join(TIMEOUT)
            return moment, "it waits for ever"
        queued.codec.flush().result(TIMEOUT)
        expected = 4 if moment.where else 2
        if queued.count != expected:
            return moment, f"{queued.count} came out of {expected}"
    return moment, None


@pytest.mark.parametrize("kind", ["AudioDecoder", "AudioEncoder"])
def test_a_handler_that_queues_at_any_moment_gets_its_turn(kind: str) -> None:
    whole, harm = came(kind, -1)
    assert harm is None
    results = [came(kind, at) for at in range(whole.count)]
    harms = [f"{moment.where}: {harm}" for moment, harm in results if harm]
    attack.report(f"a handler that uses {kind}", len(results), len(harms), "a hang, a loss")
    assert not harms
