"""What is pickled arrives in another process, and nothing is copied on the way out or in."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from clips import ROOT

POOL = """
import multiprocessing, pickle, sys
import numpy as np
import ffwebcodecs as w

def values():
    rng = np.random.default_rng(1)
    pixels = rng.integers(0, 255, 64 * 48 * 3 // 2, np.uint8)
    frame = w.VideoFrame(
        pixels, format="I420", coded_width=64, coded_height=48, timestamp=7, duration=40,
        visible_rect=(2, 2, 40, 30), metadata={"a": [1]}, transfer=True,
    )
    sound = w.AudioData.from_ndarray(np.ones((64, 2), np.float32), sample_rate=8000, timestamp=3)
    return [
        frame, w.create_image_bitmap(frame), sound,
        w.EncodedVideoChunk(type="key", timestamp=1, data=b"abc"),
        w.VideoIndex.from_chunks({"timestamp": [0, 40_000], "key": [True, False]}),
    ]

def told(thing):
    if isinstance(thing, w.VideoFrame):
        said = bytes(thing.to_ndarray()), thing.visible_rect, thing.coded_rect, thing.metadata()
    elif isinstance(thing, (w.ImageBitmap, w.AudioData)):
        said = bytes(thing.to_ndarray())
    else:
        return repr(thing)
    text = repr(thing), said
    thing.close()
    return text

def unpickled(text):
    return told(pickle.loads(text))

def sent_back(number):
    return values()[number]

if __name__ == "__main__":
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        things = values()
        expected = [told(thing) for thing in values()]
        assert pool.map(told, things) == expected
        assert pool.map(unpickled, [pickle.dumps(thing, 5) for thing in things]) == expected
        assert [told(thing) for thing in pool.map(sent_back, range(len(things)))] == expected
        for thing in things[:3]:
            thing.close()
        del things, thing
    assert not any(w.open_handles().values()), w.open_handles()
    print("same")
"""

COPIES = """
import os, pickle, sys, tempfile
import memray
import numpy as np
import ffwebcodecs as w

def frame():
    pixels = np.zeros(1920 * 1080 * 3 // 2, np.uint8)
    return w.VideoFrame(
        pixels, format="I420", coded_width=1920, coded_height=1080, timestamp=0
    )

def there_and_back(thing):
    buffers = []
    text = pickle.dumps(thing, 5, buffer_callback=buffers.append)
    return pickle.loads(text, buffers=buffers), buffers

with frame() as one, w.create_image_bitmap(one) as bitmap:
    chunk = w.EncodedVideoChunk(type="key", timestamp=0, data=bytes(1 << 20))
    things = [one, bitmap, chunk]
    for thing in things * 2:  # what is imported or made once
        there_and_back(thing)
    name = os.path.join(tempfile.mkdtemp(), "memray.bin")
    with memray.Tracker(name, trace_python_allocators=True):
        kept = [there_and_back(thing) for thing in things]
    reader = memray.FileReader(name)
    print(sum(record.size for record in reader.get_allocation_records()))
    size = sum(len(buffer.raw()) for _, buffers in kept for buffer in buffers)
    assert size > 12_000_000, size
    kept[0][0].close()
    kept[1][0].close()
"""


def run(code: str, folder: Path) -> subprocess.CompletedProcess[str]:
    script = folder / "script.py"
    script.write_text(code)
    paths = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH", "")]))
    return subprocess.run(
        [sys.executable, "-W", "ignore::ResourceWarning", str(script)],
        capture_output=True,
        text=True,
        timeout=90,
        env={**os.environ, "PYTHONPATH": paths},
    )


@pytest.mark.once
def test_a_spawned_process_gets_the_same(tmp_path: Path) -> None:
    done = run(POOL, tmp_path)
    assert (done.returncode, done.stdout.strip(), done.stderr) == (0, "same", "")


def test_no_pixel_is_copied_on_either_side(tmp_path: Path) -> None:
    pytest.importorskip("memray")
    done = run(COPIES, tmp_path)
    assert done.returncode == 0, done.stderr
    # Objects, and the pickles themselves: less than half of the smallest piece, of 12 MB in all.
    assert int(done.stdout) < 518_400 / 2
