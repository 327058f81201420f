"""Use an installed ffwebcodecs for real, and look at what was installed.

Usage: python check.py CLIP FRAMES MD5 MODE
Run by the Python that has it. CLIP has FRAMES frames of I420 with this MD5 over all their bytes, as
the ffmpeg program decodes it. MODE is api, abi or without (no FFmpeg libraries). Prints one line;
fails with a traceback.
"""

from __future__ import annotations

import gc
import hashlib
import importlib.metadata
import os
import subprocess
import sys
from pathlib import Path

import ffwebcodecs

SYSTEMS = ("Debian", "Fedora", "Alpine", "Arch", "macOS", "conda", "Windows")


def installed_files() -> str:
    """See that all that was installed lies in the package, in its metadata, or is the command."""
    distribution = importlib.metadata.distribution("ffwebcodecs")
    files = [str(file) for file in distribution.files or ()]
    assert files, "there is no RECORD"
    for name in files:
        head = name.replace(os.sep, "/").split("/")[0]
        inside = head == "ffwebcodecs" or head == f"ffwebcodecs-{distribution.version}.dist-info"
        command = name.startswith("..") and Path(name).name in ("ffwebcodecs", "ffwebcodecs.exe")
        editable = Path(name).name.startswith("__editable__")
        assert inside or command or editable, name
    return f"{len(files)} files in RECORD"


def decode(clip: str, frames: int, md5: str) -> str:
    """Decode the clip, compare it with the ffmpeg program's pictures, and convert it to RGBA."""
    digest, count, pixels = hashlib.md5(), 0, bytearray()
    for frame in ffwebcodecs.read_frames(clip):
        with frame:
            plain = bytearray(frame.allocation_size(format="I420"))
            frame.copy_to(plain, format="I420")
            digest.update(plain)
            pixels = bytearray(frame.allocation_size(format="RGBA"))
            frame.copy_to(pixels, format="RGBA")
            count += 1
            array = frame.to_ndarray("RGB")
            assert array.shape == (frame.display_height, frame.display_width, 3)
            assert bytes(pixels[:3]) == bytes(array[0, 0])
    assert (count, digest.hexdigest()) == (frames, md5), (count, digest.hexdigest())
    assert set(pixels[3::4]) == {255}
    assert len(set(pixels)) > 16
    return f"{count} frames as the ffmpeg program's, RGBA"


def decode_webcodecs(clip: str, frames: int) -> None:
    """Decode once more with VideoDecoder, on its own thread."""
    timestamps: list[int] = []
    errors: list[BaseException] = []

    def output(frame: ffwebcodecs.VideoFrame) -> None:
        timestamps.append(frame.timestamp)
        frame.close()

    with (
        ffwebcodecs.Demuxer(clip) as demuxer,
        ffwebcodecs.VideoDecoder(output, error=errors.append) as decoder,
    ):
        decoder.configure(demuxer.video_config)
        for chunk in demuxer.chunks():
            decoder.decode(chunk)
        decoder.flush().result(60)
    assert not errors, errors
    assert len(timestamps) == frames
    assert timestamps == sorted(timestamps)


def encode(clip: str) -> str:
    """Encode one frame with the first WebCodecs codec that this FFmpeg can encode."""
    chunks: list[ffwebcodecs.EncodedVideoChunk] = []
    errors: list[BaseException] = []
    for codec in ("vp8", "avc1.42001f", "vp09.00.10.08", "av01.0.04M.08"):
        config = ffwebcodecs.VideoEncoderConfig(codec=codec, width=320, height=240)
        if not ffwebcodecs.VideoEncoder.is_config_supported(config).supported:
            continue
        frame = next(iter(ffwebcodecs.read_frames(clip)))
        with ffwebcodecs.VideoEncoder(
            lambda chunk, _: chunks.append(chunk), error=errors.append
        ) as e:
            e.configure(config)
            e.encode(frame)
            frame.close()
            e.flush().result(60)
        assert not errors, errors
        assert len(chunks) == 1
        assert chunks[0].byte_length > 0
        return f"{codec.partition('.')[0]} encoded"
    return "no encoder here"


def without_ffmpeg(clip: str) -> str:
    """See that there is one clear error at the first use, and that `info` says what to install."""
    messages = []
    for use in (lambda: next(iter(ffwebcodecs.read_frames(clip))), ffwebcodecs.ffmpeg_info):
        try:
            use()
        except ffwebcodecs.FFmpegLoadError as error:
            messages.append(str(error))
    assert len(messages) == 2
    assert len(set(messages)) == 1
    program = [sys.executable, "-m", "ffwebcodecs"]
    info = subprocess.run([*program, "info"], capture_output=True, text=True, check=False)
    assert info.returncode == 1
    assert info.stdout.startswith("ffwebcodecs ")
    assert all(system in info.stderr for system in SYSTEMS), info.stderr
    assert "Traceback" not in info.stderr
    for option in ("--version", "--help"):
        subprocess.run([*program, option], capture_output=True, check=True)
    return "imports, one FFmpegLoadError, info names " + ", ".join(SYSTEMS)


def main() -> None:
    clip, frames, md5, mode = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4]
    files = installed_files()
    if mode == "without":
        print(without_ffmpeg(clip) + ", " + files)
        return
    info = ffwebcodecs.ffmpeg_info()
    assert info.mode == mode, (info.mode, info.reason)
    pump = "with" if info.pump else "without"
    parts = [f"{mode.upper()} on FFmpeg {info.release}, {pump} the pump", decode(clip, frames, md5)]
    decode_webcodecs(clip, frames)
    parts.append(encode(clip))
    for _ in range(5):  # PyPy finds what an object held only when that object has gone
        gc.collect()
    alive = {name: count for name, count in ffwebcodecs.open_handles().items() if count}
    assert not alive, alive
    program = [sys.executable, "-m", "ffwebcodecs", "info"]
    output = subprocess.run(program, capture_output=True, text=True, check=True).stdout
    assert f"Mode: {mode}" in output
    print(", ".join([*parts, "nothing left open", files]))


if __name__ == "__main__":
    main()
