"""An interpreter that exits with things open exits cleanly."""

from __future__ import annotations

import subprocess
import sys

import pytest
from clips import clip

pytestmark = pytest.mark.slow

SETUP = """
import sys, ffwebcodecs
from ffwebcodecs import Demuxer, VideoDecoder
kept = []
demuxer = Demuxer(sys.argv[1])
"""

CASES = {
    "suspended read_frames": """
frames = ffwebcodecs.read_frames(sys.argv[1])
kept.append(next(frames))
""",
    "configured decoder": """
decoder = VideoDecoder(kept.append, print)
decoder.configure(demuxer.video_config)
""",
    "decoder with work waiting": """
decoder = VideoDecoder(kept.append, print)
decoder.configure(demuxer.video_config)
for chunk in demuxer.chunks():
    decoder.decode(chunk)
""",
    "flush nobody waits for": """
decoder = VideoDecoder(lambda frame: frame.close(), print)
decoder.configure(demuxer.video_config)
for chunk in demuxer.chunks():
    decoder.decode(chunk)
flush = decoder.flush()
""",
    "frames and views": """
for frame in ffwebcodecs.read_frames(sys.argv[1]):
    kept.append(frame)
    kept.append(frame.planes[0].data)
""",
    "cycle": """
class Holder: pass
holder = Holder()
holder.itself = holder
holder.frame = next(iter(ffwebcodecs.read_frames(sys.argv[1])))
del holder
""",
    "decoder on a loop": """
import asyncio
async def main():
    global decoder
    decoder = VideoDecoder(kept.append, print)
    decoder.configure(demuxer.video_config)
    for chunk in demuxer.chunks():
        decoder.decode(chunk)
asyncio.run(main())
""",
    "sys.exit with a callback running": """
import threading
inside = threading.Event()
def output(frame):
    inside.set()
    kept.append(frame)
decoder = VideoDecoder(output, print)
decoder.configure(demuxer.video_config)
for chunk in demuxer.chunks():
    decoder.decode(chunk)
inside.wait(10)
sys.exit(0)
""",
}


@pytest.mark.parametrize("name", CASES)
def test_exit_is_clean_with(name: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", SETUP + CASES[name], str(clip("h264-bframes.mp4"))],
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
