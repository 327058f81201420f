"""A worker may be faster than the call that gave it work, which is done all the same."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from interrupting import Moments

from ffwebcodecs import AudioDecoder, NotSupportedError, VideoDecoder

BOGUS = {
    AudioDecoder: {"codec": "bogus", "sample_rate": 48000, "number_of_channels": 2},
    VideoDecoder: {"codec": "bogus"},
}


@pytest.mark.parametrize("cls", BOGUS, ids=lambda cls: cls.__name__)
def test_configure_returns_when_the_worker_refuses_before_it_does(cls: Any) -> None:
    whole = Moments()
    with cls(print, lambda error: None) as decoder:
        whole.during(lambda: decoder.configure(BOGUS[cls]))
    refused = 0
    for at in range(whole.count):
        failed = threading.Event()
        errors: list[BaseException] = []

        def error(error: BaseException, errors: Any = errors, failed: Any = failed) -> None:
            errors.append(error)
            failed.set()

        with cls(print, error) as decoder:
            # Before the work is queued, there is nothing to wait for.
            moment = Moments(at=at, act=lambda failed=failed: failed.wait(0.01))
            moment.during(lambda decoder=decoder: decoder.configure(BOGUS[cls]))
            refused += failed.is_set()
            assert failed.wait(10)
            assert decoder.state == "closed"
            assert [type(each) for each in errors] == [NotSupportedError]
    assert refused
