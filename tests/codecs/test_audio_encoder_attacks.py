"""Options and lengths that an encoder of sound must not end the process with."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import attack
import pytest
from clips import ROOT, SUPPORT

from ffwebcodecs._av.codecs.sound_encoders import takes

ENCODERS = (
    *("libopus", "opus", "aac", "libmp3lame", "libshine", "flac", "libvorbis", "vorbis", "alac"),
    *("ac3", "ac3_fixed", "eac3", "mp2", "mp2fixed", "libtwolame", "dca", "mlp", "truehd", "tta"),
    *(
        "wmav1",
        "wmav2",
        "nellymoser",
        "ra_144",
        "roq_dpcm",
        "s302m",
        "sbc",
        "sonic",
        "g722",
        "g726",
    ),
    *("adpcm_ms", "adpcm_adx", "adpcm_swf", "adpcm_ima_ssi", "adpcm_ima_qt", "comfortnoise"),
    *(
        "pcm_s16le",
        "pcm_dvd",
        "pcm_bluray",
        "pcm_mulaw",
        "wavpack",
        "libspeex",
        "aptx",
        "adpcm_argo",
    ),
)
OPTIONS = (
    *("b", "bt", "flags", "flags2", "g", "cutoff", "frame_size", "qcomp", "qblur", "qmin", "qmax"),
    *(
        "strict",
        "maxrate",
        "minrate",
        "bufsize",
        "trellis",
        "compression_level",
        "profile",
        "level",
    ),
    *("bits_per_coded_sample", "bits_per_raw_sample", "global_quality", "threads", "max_samples"),
    *("frame_duration", "vbr", "application", "packet_loss", "mapping_family", "aac_coder", "abr"),
    *("lpc_type", "lpc_passes", "ch_mode", "min_partition_order", "max_partition_order", "iblock"),
    *("per_frame_metadata", "dialnorm", "block_size", "max_interval", "code_size", "reservoir"),
)
VALUES = (
    *("0", "-1", "1", "2", "7", "16", "65536", "100000", "2147483647", "-2147483648", "4294967296"),
    *("1e30", "-1e30", "nan", "0.5", "x", ""),
)
Attempt = tuple[str, int, int, dict[str, str]]


def survived(attempts: list[Attempt]) -> list[str]:
    """Return how each one ended."""
    places = [str(ROOT), str(SUPPORT)]
    done = subprocess.run(
        [sys.executable, str(SUPPORT / "audio_attack_child.py")],
        input="\n".join(map(json.dumps, attempts)),
        env={**os.environ, "PYTHONPATH": os.pathsep.join(places)},
        capture_output=True,
        text=True,
        timeout=120,
    )
    ends = done.stdout.split()
    at: Any = attempts[len(ends)] if len(ends) < len(attempts) else None
    assert done.returncode == 0, f"{at}: {done.stderr[-800:]}"
    return ends


def test_adpcm_of_half_a_byte_is_filled_up() -> None:
    # 5007 samples of one channel: FFmpeg's own program aborts with adpcm_ima_ssi.
    names = [name for name in ("adpcm_ima_ssi", "adpcm_ima_apm", "adpcm_ima_ws") if takes(name)]
    ends = survived([(f"ffmpeg:{name}", 32000, 1, {}) for name in names])
    assert ends == ["3"] * len(names)  # of 2048


@pytest.mark.attack
def test_no_option_ends_the_process() -> None:
    dice = attack.dice("options of sound")
    here = [name for name in ENCODERS if takes(name)]
    attempts: list[Attempt] = []
    for _ in range(attack.rounds(80, 20_000)):
        names = dice.sample(OPTIONS, dice.choice((1, 1, 2, 3)))
        options = {name: dice.choice(VALUES) for name in names}
        rate, channels = dice.choice((8000, 22050, 44100, 48000)), dice.choice((1, 2, 2, 3, 6, 8))
        attempts.append((f"ffmpeg:{dice.choice(here)}", rate, channels, options))
    for start in range(0, len(attempts), 500):
        part = attempts[start : start + 500]
        ends = survived(part)
        assert len(ends) == len(part)
    attack.report("options of encoders of sound", len(attempts), 0, "the process ended")
