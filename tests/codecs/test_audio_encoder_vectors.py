"""Chromium 156's answers about AudioEncoder (tests/data/audio_*.json.xz), replayed.

All but those about JavaScript alone are. More can be encoded here than there; where the answers
differ otherwise the specification decides, see `DEVIATIONS` and docs/sound.md.
"""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from audio_codec_vectors import by_kind, fails_alike, need_good_opus
from audio_encoder_vectors import EncoderReplay
from audio_vectors import load
from chromium import python_value

from ffwebcodecs import InvalidArgumentError
from ffwebcodecs._av.codecs.sound_encoders import takes

ENCODED, SUPPORTED = load("audio_encode"), load("audio_support")
CASES = [
    case
    for answers in (ENCODED, SUPPORTED)
    for case in answers["cases"]
    if "js_only" not in case["tags"] and "AudioEncoder" in json.dumps(case["steps"])
]
INVALID = {
    # RFC 6716, 2.1.4 has the durations of a frame; the specification: "if frameDuration is not a
    # valid frame duration, return false".
    "opus/frameDuration/15000",
    "opus/frameDuration/30000",
    # The specification: "If numberOfChannels is 0, return false"; Chromium knows the codec first.
    "channels/pcm-f32/0",
    # Chromium does not know the dictionary; RFC 9639 has the limits.
    "flac/blockSize/15",
    "flac/blockSize/65536",
    "flac/blockSize/-1",
    "flac/compressLevel/100",
}
ANSWERED = {
    # An unsigned long holds it, so it is valid and not supported.
    "channels/opus/4294967295",
    # "isConfigSupported" resolves.
    "opus/format/ogg",
}
MORE_CHANNELS = range(3, 9)  # of Opus
DIRECT = (8000, 12000, 16000, 24000)  # hertz, of Opus
SLACK = 1  # microseconds


def is_any(case: dict[str, Any], names: set[str]) -> bool:
    return any(case["id"].endswith(name) for name in names)


def config_of(case: dict[str, Any]) -> dict[str, Any]:
    """Return the first configuration of a case."""
    found = next((step["args"][0] for step in case["steps"] if step.get("args")), None)
    return found if isinstance(found, dict) else {}


def check_support(case: dict[str, Any], value: dict[str, Any], expected: dict[str, Any]) -> None:
    config = expected["config"]
    given = config_of(case)
    is_more = config["codec"].lower() != "opus" or config["numberOfChannels"] in MORE_CHANNELS
    assert value["supported"] == expected["supported"] or (value["supported"] and is_more)
    ours = dict(value["config"])
    ours.pop("flac", None)
    assert ours == config, given


def check_chunks(case: dict[str, Any], value: list[Any], expected: list[Any]) -> None:
    """Compare chunks, but for what another pre-skip and another end of resampling changes."""
    config = config_of(case)
    head = bytes.fromhex(expected[0]["metadata"]["decoderConfig"]["description"]["hex"])
    ours = value[0]["metadata"]["decoderConfig"]["description"]
    skip, theirs = (int.from_bytes(each[10:12], "little") for each in (ours, head))
    size = expected[0]["duration"]
    if len(value) != len(expected):
        # A frame of 2.5 or 5 ms has the least delay with FFmpeg's libopus. What is resampled
        # loses its end in Chromium.
        frames = case["steps"][2]["gen"]["frames"] * 1_000_000 / config["sampleRate"]
        assert len(value) == -(-(frames + skip / 0.048) // size)
        assert size < 10_000 or config["sampleRate"] in (11025, 22050, 32000, 44100)
    if size >= 10_000 and config["sampleRate"] not in DIRECT:
        assert skip == theirs
    for mine, other in zip(value, expected, strict=False):
        assert abs(mine["timestamp"] - other["timestamp"]) <= SLACK
        for name in ("type", "duration", "byteLength"):
            assert mine.get(name) == other.get(name)
        described = other["metadata"].get("decoderConfig")
        if described is None:
            assert mine["metadata"] == {}
            continue
        found = dict(mine["metadata"]["decoderConfig"])
        said = bytes.fromhex(described.pop("description")["hex"])
        is_said = found.pop("description")
        assert (is_said[:10], is_said[12:]) == (said[:10], said[12:])
        assert found == described


def check_sound(case: dict[str, Any], value: dict[str, Any], expected: dict[str, Any]) -> None:
    assert (value["error"], expected["error"]) == (None, None)
    rate = config_of(case)["sampleRate"]
    for index, (mine, other) in enumerate(
        zip(value["outputs"], expected["outputs"], strict=rate == 48000)
    ):
        if rate in DIRECT or (index == 0 and rate != 48000):
            continue  # another pre-skip, another filter
        assert mine["numberOfFrames"] == other["numberOfFrames"]
        for channel, said in zip(mine["samples"], other["channels"], strict=True):
            assert abs(float((channel.astype(float) ** 2).mean() ** 0.5) - said["rms"]) < 0.02


async def check(
    replay: EncoderReplay, case: dict[str, Any], step: dict[str, Any], result: dict[str, Any]
) -> None:
    if "skipped" in result:
        return
    name = step["op"]
    if is_any(case, INVALID):
        with pytest.raises(InvalidArgumentError):
            await replay.run(step)
        return
    if is_any(case, ANSWERED):
        assert (await replay.run(step))["supported"] is False
        return
    kind = fails_alike(result)
    if kind is not None:
        with pytest.raises(kind):
            await replay.run(step)
        if "state" in result:
            assert replay.codecs[step["target"]].codec.state == result["state"]
        return
    expected = python_value(result["value"]) if name != "chunk_outputs" else result["value"]
    if name == "chunk_outputs":
        step = {**step, "count": len(expected) if "no_flush" in case["id"] else 0}
    value = await replay.run({**step, "quiet": "no_flush" in case["id"]})
    if name == "is_config_supported":
        check_support(case, value, expected)
    elif name == "chunk_outputs":
        if "dtx_silence/True" in case["id"]:
            assert len(value) == len(expected)  # their times: the next test
        elif expected:
            check_chunks(case, value, expected)
        else:
            assert value == []
    elif name == "round_trip":
        check_sound(case, value, expected)
    elif name == "log":
        ours, theirs = by_kind(value), by_kind(expected)
        if "configure_unsupported_after_ok" in case["id"]:
            # Chromium drops what was encoded before the configuration that closes the encoder.
            ours = [each for each in ours if ":output" not in each]
        assert ours == theirs
    elif name != "audio_synth":
        for error in (expected or {}).get("errors", ()):
            del error["message"], error["dom"]
        (expected or {}).pop("queueGrew", None)  # the worker may have taken the data already
        assert value == expected


def is_encoded_here(case: dict[str, Any]) -> bool:
    """Tell whether Chromium closes with what is encoded here."""
    return case["id"].startswith(("unsupported/", "opus/channels/"))


async def run(case: dict[str, Any]) -> None:
    replay = EncoderReplay({})
    try:
        for step, result in zip(case["steps"], case["results"], strict=True):
            await check(replay, case, step, result)
    finally:
        replay.close()


def test_chromium_cases(subtests: pytest.Subtests) -> None:
    if takes("libopus") is None:
        pytest.skip("this FFmpeg has no libopus")
    for case in CASES:
        if is_encoded_here(case) or "use_closed" in case["id"]:  # closing twice is fine here
            continue
        with subtests.test(case=case["id"]):
            need_good_opus(case)
            asyncio.run(run(case))


async def encoded(case: dict[str, Any]) -> Any:
    replay = EncoderReplay({})
    try:
        for step in case["steps"]:
            if step["op"] == "chunk_outputs":
                break
            await replay.run(step)
        step = {"op": "chunk_outputs", "target": "e", "want": "sizes_dropped"}
        return await replay.run(step)
    finally:
        replay.close()


def test_more_is_encoded_here(subtests: pytest.Subtests) -> None:
    names = {"vorbis": ("libvorbis", "vorbis"), "mp3": ("libmp3lame",), "opus": ("libopus",)}
    for case in filter(is_encoded_here, CASES):
        codec = config_of(case)["codec"]
        if not any(takes(name) for name in names.get(codec, ("flac",))):
            continue
        steps = [step for step in case["steps"] if step["op"] not in ("log", "codec_state")]
        with subtests.test(case=case["id"]):
            chunks = asyncio.run(encoded({**case, "steps": steps}))
            assert chunks
            assert chunks[0]["metadata"]["decoderConfig"]["codec"] == codec


def test_what_is_left_out_in_silence_leaves_a_gap() -> None:
    # The specification: a chunk has the timestamp of the AudioData that it came from. Chromium
    # counts chunks. libopus sends 200 ms, then one of twenty packets.
    if takes("libopus") is None:
        pytest.skip("this FFmpeg has no libopus")
    [case] = [case for case in CASES if case["id"].endswith("dtx_silence/True")]
    times = [chunk["timestamp"] for chunk in asyncio.run(encoded(case))]
    assert times == [*range(0, 200_000, 20_000), 600_000]


def test_all_cases_are_there() -> None:
    assert len(ENCODED["cases"]) == 81
    assert len(CASES) > 250
    for name in INVALID | ANSWERED:
        assert any(case["id"].endswith(name) for case in CASES), name
