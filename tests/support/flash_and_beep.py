"""Films with a flash and a beep at the same exact times, and how far apart both are in a file.

The picture is white for one frame, and a chirp is heard from its beginning on. When that is, the
ffmpeg program says, which decodes both: the time of the white frame, and where the chirp is found
in the samples, counted from the time of the frame of sound that they came in. A chirp is found to
the sample also behind codecs that smear where it begins.
"""

from __future__ import annotations

import functools
import re
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from clips import logged
from convert_helpers import made

RATE = 48000
LENGTH = 3  # seconds
FIRST = 0.4  # when the first one of each second is
_LASTING = 0.04
_CHIRP = f"0.8*sin(2*PI*(600*({{0}})+{3000 / _LASTING / 2}*({{0}})*({{0}})))"

H264 = ("-c:v", "libx264", "-preset", "veryfast", "-g", "25", "-threads", "1")
SOURCES: dict[str, tuple[str, ...]] = {
    "mp4-aac.mp4": (*H264, "-c:a", "aac"),
    "mp4-mp3.mp4": (*H264, "-c:a", "libmp3lame"),
    "mp4-alac.mp4": (*H264, "-c:a", "alac"),
    "mkv-aac.mkv": (*H264, "-c:a", "aac"),
    "mkv-opus.mkv": (*H264, "-c:a", "libopus"),
    "mkv-flac.mkv": (*H264, "-c:a", "flac"),
    "mkv-vorbis.mkv": (*H264, "-c:a", "libvorbis"),
    "webm-opus.webm": ("-c:v", "libvpx", "-b:v", "200k", "-g", "25", "-c:a", "libopus"),
    "webm-vorbis.webm": ("-c:v", "libvpx", "-b:v", "200k", "-g", "25", "-c:a", "libvorbis"),
    "mov-s16.mov": (*H264, "-c:a", "pcm_s16le"),
    "mov-s24.mov": (*H264, "-c:a", "pcm_s24le"),
    "mov-aac.mov": (*H264, "-c:a", "aac"),
    "ts-aac.ts": (*H264, "-c:a", "aac"),
    "ts-mp2.ts": (*H264, "-c:a", "mp2"),
    "ts-ac3.ts": (*H264, "-c:a", "ac3"),
    "avi-mp3.avi": ("-c:v", "mpeg4", "-g", "25", "-c:a", "libmp3lame"),
    "avi-pcm.avi": ("-c:v", "mpeg4", "-g", "25", "-c:a", "pcm_s16le"),
    "flv-aac.flv": (*H264, "-c:a", "aac"),
    "flv-mp3.flv": (*H264, "-c:a", "libmp3lame", "-ar", "44100"),
}


def source(name: str) -> Path:
    """Return one of `SOURCES`, which the ffmpeg program makes once."""
    lights = f"lt(mod(t+{1 - FIRST}\\,1)\\,0.039)"
    since = f"mod(t+{1 - FIRST}\\,1)"
    sound = f"if(lt({since}\\,{_LASTING})\\,{_CHIRP.format(since)}\\,0)"
    return made(
        f"flash-{name}",
        *("-f", "lavfi", "-i", f"color=black:size=64x48:rate=25:duration={LENGTH}"),
        *("-f", "lavfi", "-i", f"aevalsrc={sound}|{sound}:sample_rate={RATE}:duration={LENGTH}"),
        *("-vf", f"drawbox=color=white:thickness=fill:enable='{lights}',format=yuv420p"),
        *SOURCES[name],
    )


class Meeting(NamedTuple):
    """A flash and the beep that belongs to it; seconds."""

    flash: float
    beep: float

    @property
    def late(self) -> float:
        """Milliseconds by which the beep comes after the flash."""
        return round(1000 * (self.beep - self.flash), 3)


def meetings(path: Path, speed: float = 1) -> list[Meeting]:
    """Return each flash of a file with its beep, as the ffmpeg program decodes them."""
    log, raw = logged(
        *(path, "-copyts", "-i", path),
        *("-map", "0:v:0", "-vf", "showinfo", "-vsync", "0", "-f", "null", "-"),
        *("-map", "0:a:0", "-af", "ashowinfo", "-ac", "1", "-f", "f32le", "-"),
    )
    flashes = _flashes(log)
    beeps = _beeps(log, np.frombuffer(raw, np.float32), speed)
    found = []
    for flash in flashes:
        near = min(beeps, key=lambda beep: abs(beep - flash), default=None)
        if near is not None and abs(near - flash) < 0.3:
            found.append(Meeting(flash, near))
    return found


def _flashes(said: str) -> list[float]:
    shown = re.findall(r"showinfo.* pts_time:\s*([-\d.]+).* mean:\[\s*(\d+)", said)
    return [float(time) for time, light in shown if int(light) > 128]


@functools.cache
def chirp(rate: int, speed: float = 1) -> npt.NDArray[np.float64]:
    """Return the beep's samples, at full scale."""
    time = np.arange(int(_LASTING * rate)) / rate * speed
    return np.sin(2 * np.pi * (600 * time + 3000 / _LASTING / 2 * time * time))


def _beeps(said: str, samples: npt.NDArray[np.float32], speed: float) -> list[float]:
    """Return when each chirp begins; samples lie where the frame that they came in says."""
    frames = re.findall(r"ashowinfo.* pts_time:(\S+) .* rate:(\d+) nb_samples:(\d+)", said)
    if not frames:
        return []
    rate = int(frames[0][1])
    template = chirp(rate, speed)
    size = 1 << int(np.ceil(np.log2(len(samples) + len(template))))
    spectrum = np.fft.rfft(samples, size) * np.conj(np.fft.rfft(template, size))
    likeness = np.abs(np.fft.irfft(spectrum, size))[: len(samples)]
    starts = np.cumsum([0, *(int(count) for _, _, count in frames)])
    found = []
    while likeness.size and likeness.max() > 0.4 * (template @ template) * 0.8:
        place = int(likeness.argmax())
        likeness[max(0, place - rate // 4) : place + rate // 4] = 0
        frame = int(np.searchsorted(starts, place, "right")) - 1
        found.append(float(frames[frame][0]) + (place - int(starts[frame])) / rate)
    return sorted(found)
