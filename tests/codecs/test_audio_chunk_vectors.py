"""Chromium's answers to 45 cases of EncodedAudioChunk (audio_chunk.json.xz), replayed."""

from __future__ import annotations

from typing import Any

import pytest
from audio_vectors import differences, load, replay

ORACLE = load("audio_chunk")
CASES = [case for case in ORACLE["cases"] if "js_only" not in case["tags"]]


def test_there_are_as_many_cases_as_said() -> None:
    assert len(ORACLE["cases"]) == 45
    assert len(CASES) == 31


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_answers_are_chromiums(case: dict[str, Any]) -> None:
    assert differences(case, replay(case, ORACLE["media"])) == []
