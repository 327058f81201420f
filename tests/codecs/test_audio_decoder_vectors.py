"""Chromium 156's answers about AudioDecoder (tests/data/audio_*.json.xz), replayed.

All but those about JavaScript alone are. What is Chromium's own choice is compared too, but for the
samples' format. Timestamps are the specification's, each chunk's, and asserted as such: Chromium
counts samples from the first chunk on. Other differences are in `DEVIATIONS`.
"""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from audio_codec_vectors import (
    CodecReplay,
    by_kind,
    difference,
    fails_alike,
    need_good_opus,
    same_config,
)
from audio_vectors import load
from chromium import python_value

from ffwebcodecs import NotSupportedError

DECODED, SUPPORTED = load("audio_decode"), load("audio_support")
MEDIA = {**SUPPORTED["media"], **DECODED["media"]}
CASES = [
    case
    for answers in (DECODED, SUPPORTED)
    for case in answers["cases"]
    if "js_only" not in case["tags"] and "AudioEncoder" not in json.dumps(case["steps"])
]
# Codecs that are decoded here and not there, and the other way round.
SUPPORT = {"mp4a.40.1", "ac-3", "ec-3", "mp4a.A5", "mp4a.a5", "mp4a.a6", "mp4a.A6", "alac"}
LACKING = {"1", "iamf.000.000.Opus", "iamf.000.000.mp4a.40.2", "iamf"}
DEVIATIONS = {
    # The specification: "If codec does not support config, close with NotSupportedError".
    "config_mono/opus": "an OpusHead of other channels is no OperationError",
    # The specification has no limit of rates, and what Opus decodes has its own.
    "configure_rate_1": "a rate of 1 Hz is taken",
    # As all that is closed here; a configuration is checked before the state.
    "state/AudioDecoder/use_closed": "closing twice is fine",
}


def is_listed(case: dict[str, Any]) -> bool:
    return any(name in case["id"] for name in DEVIATIONS)


async def check(
    replay: CodecReplay, case: dict[str, Any], step: dict[str, Any], result: dict[str, Any]
) -> None:
    if "skipped" in result:
        return
    kind = fails_alike(result)
    if kind is not None:
        with pytest.raises(kind):
            await replay.run(step)
        if "state" in result:
            assert replay.codecs[step["target"]].codec.state == result["state"]
        return
    value, expected = await replay.run(step), python_value(result["value"])
    name = step["op"]
    if name == "is_config_supported":
        codec = step["args"][0]["codec"]
        supported = (expected["supported"] or codec in SUPPORT) and codec not in LACKING
        assert value["supported"] == supported
        assert same_config(value["config"], expected["config"]), value["config"]
    elif name == "audio_outputs":
        assert len(value) == len(expected)
        for ours, theirs in zip(value, expected, strict=True):
            assert difference(ours, theirs) is None
    elif name == "audio_total":
        for member in ("outputs", "frames"):
            assert value[member] == expected[member]
    elif name == "log":
        ours, theirs = by_kind(value), by_kind(expected)
        if case.get("log_unordered"):
            ours, theirs = sorted(ours), sorted(theirs)
        assert ours == theirs
    else:
        for error in (expected or {}).get("errors", ()):
            del error["message"], error["dom"]
        (expected or {}).pop("queueGrew", None)  # the worker may have taken the chunk already
        assert value == expected


def test_chromium_cases(subtests: pytest.Subtests) -> None:
    async def run(case: dict[str, Any]) -> None:
        replay = CodecReplay(MEDIA)
        try:
            for step, result in zip(case["steps"], case["results"], strict=True):
                await check(replay, case, step, result)
        finally:
            replay.close()

    for case in CASES:
        if is_listed(case):
            continue
        with subtests.test(case=case["id"]):
            need_good_opus(case)
            asyncio.run(run(case))


def test_an_opus_head_of_other_channels_is_not_supported() -> None:
    async def run() -> None:
        replay = CodecReplay(MEDIA)
        try:
            replay.new_codec({"as": "d", "cls": "AudioDecoder"})
            config = {"codec": "opus", "sampleRate": 48000, "numberOfChannels": 1}
            config["description"] = {"$": "description", "media": "opus_stereo"}
            replay.configure({"target": "d", "args": [config]})
            with pytest.raises(NotSupportedError, match="2 channels, number_of_channels is 1"):
                await replay.flush({"target": "d"})
        finally:
            replay.close()

    asyncio.run(run())


def test_all_cases_are_there() -> None:
    assert len(DECODED["cases"]) == 343
    assert len(CASES) > 400
    unlisted = [name for name in DEVIATIONS if not any(name in case["id"] for case in CASES)]
    assert not unlisted
