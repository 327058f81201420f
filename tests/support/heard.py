"""What the ffmpeg program hears in a file: samples along the file's time, and how they lie."""

from __future__ import annotations

import functools
import re
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from clips import CACHE, logged
from convert_helpers import made

RATE = 48000
Samples = npt.NDArray[np.float32]


def noisy_film(suffix: str = "mov", *options: str, channels: int = 2, name: str = "noise") -> Path:
    """Return 1.2 s of a small film whose sound, noise below 6 kHz, is another in each channel and
    at each time; AAC, or what the options say.
    """
    layout = {1: "mono", 2: "stereo", 6: "5.1"}[channels]
    noise = "|".join(
        f"if(eq(n\\,0)\\,st(0\\,{index + 1}))*0+0.3*(random(0)*2-1)" for index in range(channels)
    )
    source = f"aevalsrc=exprs={noise}:s={RATE}:d=1.2:c={layout},lowpass=f=6000"
    return made(
        *(f"{name}.{suffix}", "-f", "lavfi", "-i", "testsrc2=size=64x64:rate=25:duration=1.2"),
        *("-f", "lavfi", "-i", source, "-c:v", "libx264", "-preset", "ultrafast", "-g", "10"),
        *("-pix_fmt", "yuv420p", "-threads", "1", *(options or ("-c:a", "aac", "-b:a", "256k"))),
    )


def heard(path: Path, stream: str = "a:0", channels: int = 2, rate: int = RATE) -> Samples:
    """Return samples of shape (n, channels), the first one at the time of the first picture, or the
    first one of all without video.
    """
    kept = path.is_relative_to(CACHE)  # else another test may have another file of that name
    return (_known if kept else _heard)(path, stream, channels, rate)


def _heard(path: Path, stream: str, channels: int, rate: int) -> Samples:
    """Decode with one start of the program, whose log says where its first sample belongs."""
    log, raw = logged(
        *(path, "-copyts", "-i", path),
        *("-map", "0:v:0?", "-frames:v", "1", "-vf", "showinfo", "-f", "null", "-"),
        *("-map", f"0:{stream}", "-af", f"aresample={rate}:async=1,ashowinfo"),
        *("-ac", str(channels), "-ar", str(rate), "-f", "f32le", "-"),
    )
    samples = np.frombuffer(raw, np.float32).reshape(-1, channels)
    picture = re.search(r"Parsed_showinfo.* n: *0 pts: *(-?\d+) ", log)
    if picture is None:
        return samples
    base = re.search(r"Parsed_showinfo.* config in time_base: (\d+/\d+)", log)
    sound = re.search(r"Parsed_ashowinfo.* n:0 pts:(-?\d+) ", log)
    assert base is not None and sound is not None
    missing = int(sound[1]) - round(int(picture[1]) * Fraction(base[1]) * rate)
    if missing <= 0:
        return samples[-missing:]
    return np.concatenate([np.zeros((missing, channels), np.float32), samples])


_known = functools.cache(_heard)


def offset(have: Samples, want: Samples, most: int = 4800) -> int:
    """Return by how many samples `have` comes later than `want`, by where they are most alike."""
    size = min(len(have), len(want))
    one, other = have[:size, 0].astype(float), want[:size, 0].astype(float)
    length = 1 << (2 * size - 1).bit_length()
    spectrum = np.fft.rfft(one, length) * np.conj(np.fft.rfft(other, length))
    found: Any = np.fft.irfft(spectrum, length)
    around = np.concatenate([found[-most:], found[: most + 1]])
    return int(np.argmax(around)) - most


def alike(have: Samples, want: Samples) -> float:
    """Return how far two recordings are the same: 1 if one is a multiple of the other."""
    size = min(len(have), len(want))
    one, other = have[:size].ravel().astype(float), want[:size].ravel().astype(float)
    return float(np.dot(one, other) / np.sqrt(np.dot(one, one) * np.dot(other, other)))
