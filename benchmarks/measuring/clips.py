"""The clips: made once by the ffmpeg program, kept in the cache."""

from __future__ import annotations

import subprocess
from pathlib import Path

from .places import CACHE

X264 = ["-c:v", "libx264", "-pix_fmt", "yuv420p", "-preset"]


def make_clip(name: str, *arguments: str) -> Path:
    path = CACHE / "bench" / name
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        made = path.with_name(f"making-{name}")
        command = ["ffmpeg", "-nostdin", "-loglevel", "error", "-y", *arguments, str(made)]
        subprocess.run(command, check=True)
        made.rename(path)
    return path


def film_1080p() -> list[str]:
    """Return an endless source: real footage, enlarged and looped, where it could be fetched."""
    real = CACHE / "media" / "bigbuckbunny.mp4"
    # Enlarged film alone is too smooth: a little noise brings the bit rate of a real camera.
    detail = "scale=1920:1080,noise=alls=4:allf=t"
    if real.exists():
        return ["-stream_loop", "-1", "-i", str(real), "-vf", detail]
    return ["-f", "lavfi", "-i", "testsrc2=size=1920x1080:rate=30,noise=alls=8:allf=t"]


def clip_1080p(frames: int = 300) -> Path:
    """H.264, about as large as a camera's."""
    crf = ["-crf", "23"]
    film = [*film_1080p(), "-an", "-frames:v", "300", *X264, "fast", *crf]
    whole = make_clip("1080p.mp4", *film)
    return _first(whole, frames) if frames < 300 else whole


def clip_groups(group: int, frames: int) -> Path:
    """1080p with a key frame every `group` frames, and nowhere else."""
    groups = ["-crf", "23", "-x264-params", f"keyint={group}:min-keyint={group}:scenecut=0"]
    film = [*film_1080p(), "-an", "-frames:v", str(frames), *X264, "fast", *groups]
    return make_clip(f"1080p-group-{group}.mp4", *film)


def clip_720p() -> Path:
    """10 seconds, groups of 30."""
    source = ["-f", "lavfi", "-i", "testsrc2=size=1280x720:rate=30,noise=alls=4:allf=t"]
    groups = ["-b:v", "2300k", "-x264-params", "keyint=30:min-keyint=30:scenecut=0"]
    return make_clip("720p-10s.mp4", *source, "-frames:v", "300", *X264, "veryfast", *groups)


def clip_long() -> Path:
    """350 MB of it in 20 minutes."""
    loop = ["-stream_loop", "119", "-i", str(clip_720p()), "-c", "copy"]
    return make_clip("720p-20min.mp4", *loop, "-movflags", "+faststart")


def clip_tiny(frames: int = 5000) -> Path:
    """64x64, where decoding costs next to nothing."""
    source = ["-f", "lavfi", "-i", "testsrc2=size=64x64:rate=30", "-frames:v", "5000"]
    whole = make_clip("64x64.mp4", *source, *X264, "veryfast")
    return _first(whole, frames) if frames < 5000 else whole


def _first(clip: Path, frames: int) -> Path:
    name = f"{clip.stem}-{frames}{clip.suffix}"
    return make_clip(name, "-i", str(clip), "-c", "copy", "-frames:v", str(frames))


def clip_single(size: str) -> Path:
    source = ["-f", "lavfi", "-i", f"testsrc2=size={size}", "-frames:v", "1"]
    return make_clip(f"single-{size}.mp4", *source, *X264, "veryfast")


def clip_sound(packets: int) -> Path:
    """AAC, stereo at 48 kHz: 1,024 samples a packet."""
    source = "anoisesrc=color=pink:amplitude=0.4:sample_rate=48000:seed=1"
    stereo = "aphaser,aformat=channel_layouts=stereo"
    encoder = ["-af", stereo, "-c:a", "aac", "-b:a", "128k", "-frames:a", str(packets)]
    return make_clip(f"{packets}-packets.m4a", "-f", "lavfi", "-i", source, *encoder)
