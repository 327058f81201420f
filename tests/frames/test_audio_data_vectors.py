"""Chromium's answers to 266 cases of AudioData (tests/data/audio_data.json.xz), replayed.

Where Chromium differs from the specification, ours is the specification's:

* "If init.sampleRate is less than or equal to 0, return false", so a TypeError; Chromium's is a
  NotSupportedError.
* `sampleRate` is a float and keeps its fraction; Chromium cuts it off.
* There are no limits of rates and channels; Chromium has 3000 to 768000 Hz and 32 channels. FFmpeg
  counts whole Hz, so what rounds to none of 1 to 2^31 - 1 is a NotSupportedError here too.

Conversions are compared to the last bit, NaN too, although the answers would allow one bit more.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from audio_vectors import agree, differences, load, replay

from ffwebcodecs import InvalidArgumentError, NotSupportedError

ORACLE = load("audio_data")
CASES = [case for case in ORACLE["cases"] if "js_only" not in case["tags"]]
SAME = [case for case in CASES if "spec" not in case]
OTHER = [case for case in CASES if "spec" in case]


def test_there_are_as_many_cases_as_said() -> None:
    assert len(ORACLE["cases"]) == 266
    assert {tag for case in SAME for tag in case["tags"]} == {"core", "tolerance"}


@pytest.mark.divided
@pytest.mark.parametrize("case", SAME, ids=lambda case: case["id"])
def test_answers_are_chromiums(case: dict[str, Any]) -> None:
    assert differences(case, replay(case, ORACLE["media"])) == []


@pytest.mark.parametrize("case", OTHER, ids=lambda case: case["id"])
def test_answers_are_the_specifications(case: dict[str, Any]) -> None:
    (step,) = case["steps"]
    (outcome,) = replay(case, ORACLE["media"])
    init = step["init"]
    rate, frames = init["sampleRate"], init["numberOfFrames"]
    size = len(bytes.fromhex(step["data"].get("hex", ""))) or step["data"].get("zeros", 0)
    sample = int(init["format"][1:]) // 8 if init["format"] != "u8" else 1
    if rate <= 0 or size < frames * init["numberOfChannels"] * sample:
        assert isinstance(outcome["throws"], InvalidArgumentError)
    elif not 1 <= round(rate) < 2**31:
        assert isinstance(outcome["throws"], NotSupportedError)
    else:
        duration = int(frames * 1_000_000 / Fraction(rate))
        assert agree(outcome, {"value": {**init, "duration": duration}})
