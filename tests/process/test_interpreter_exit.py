"""An interpreter that exits with things open exits cleanly."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import attack
import pytest
from clips import clip

pytestmark = [pytest.mark.slow, pytest.mark.divided]

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
    "sound and views": """
for transfer in (False, True):
    kept.append(ffwebcodecs.AudioData(
        format="f32-planar", sample_rate=48000, number_of_frames=16, number_of_channels=2,
        timestamp=0, data=bytearray(128), transfer=transfer))
    kept.append(kept[-1].clone())
    kept.append(kept[-1].planes)
    kept.append(kept[-2].to_ndarray("f32"))
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
    "encoder, muxer, bitmaps and a cache": """
frame = next(iter(ffwebcodecs.read_frames(sys.argv[1])))
encoder = ffwebcodecs.VideoEncoder(lambda *chunk: kept.append(chunk), print)
encoder.configure(ffwebcodecs.VideoEncoderConfig(
    codec="ffmpeg:mpeg4", width=frame.coded_width, height=frame.coded_height, framerate=25))
encoder.encode(frame)
flush = encoder.flush()
chunks = list(demuxer.chunks())
muxer = ffwebcodecs.Muxer(sys.argv[2])
muxer.add_chunk(chunks[0], demuxer.video_config)
bitmap = ffwebcodecs.create_image_bitmap(frame)
cache = ffwebcodecs.FrameCache(max_frames=3)
cache.put(1, frame.clone())
array, view = frame.to_ndarray(), frame.planes[0].data
""",
    "decoder of sound with work waiting": """
kept.append(ffwebcodecs.AudioDecoder(kept.append, print))
kept[0].configure({"codec": "pcm-s16", "sample_rate": 48000, "number_of_channels": 2})
for time in range(20):
    chunk = ffwebcodecs.EncodedAudioChunk(type="key", timestamp=time, data=bytes(1920))
    kept[0].decode(chunk)
flush = kept[0].flush()
""",
    "encoder of sound with work waiting": """
kept.append(ffwebcodecs.AudioEncoder(lambda *chunk: kept.append(chunk), print))
kept[0].configure({"codec": "flac", "sample_rate": 48000, "number_of_channels": 2})
for time in range(20):
    kept[0].encode(ffwebcodecs.AudioData(format="s16", sample_rate=48000, number_of_frames=4608,
                   number_of_channels=2, timestamp=time, data=bytes(4 * 4608)))
flush = kept[0].flush()
""",
    "file objects, fragments, live frames and loops": """
import asyncio, io, threading
stream = io.BytesIO()
ffwebcodecs.remux(sys.argv[1], stream, format="mkv", fragmented=True)
content = stream.getvalue()
class Slow:  # a stream whose second half never comes
    def __init__(self):
        self.file, self.inside = io.BytesIO(content), threading.Event()
    def read(self, size):
        if self.file.tell() > len(content) // 2:
            self.inside.set()
            threading.Event().wait()
        return self.file.read(500)
class Full:  # takes one piece
    def __init__(self):
        self.count, self.inside = 0, threading.Event()
    def write(self, data):
        self.count += 1
        if self.count == 2:
            self.inside.set()
            threading.Event().wait()
        return len(data)
def begin(function, *arguments):
    threading.Thread(target=function, args=arguments, daemon=True).start()
    arguments[0].inside.wait()
begin(lambda slow: list(ffwebcodecs.read_frames(slow)), Slow())
begin(lambda full: ffwebcodecs.remux(sys.argv[1], full, format="mp4", fragmented=True), Full())
demuxed = Demuxer(io.BytesIO(content))
chunks = demuxed.chunks()
kept.append(next(chunks))
config = demuxed.video_config
frames = ffwebcodecs.read_frames(io.BytesIO(content))
kept.append(next(frames))
muxer = ffwebcodecs.Muxer(io.BytesIO(), format="mp4", fragmented=True, tracks=["video"],
                          on_segment=lambda *segment: kept.append(segment))
for chunk in demuxer.chunks():
    muxer.add_chunk(chunk, demuxer.video_config)
slow = Slow()
live = ffwebcodecs.read_frames(slow, live=True)
kept.append(next(live))
slow.inside.wait()
decoder = VideoDecoder(max_queue=2)
decoder.configure(config)
outputs = decoder.frames(Demuxer(io.BytesIO(content)).chunks())
kept.append(next(outputs))
async def main():
    global other, tasks, reading
    other = VideoDecoder()
    other.configure(demuxer.video_config)
    tasks = other.frames(Demuxer(sys.argv[1]).chunks())
    kept.append(await tasks.__anext__())
    reading = ffwebcodecs.read_frames_async(Slow(), live=True)
    kept.append(await reading.__anext__())
loop = asyncio.new_event_loop()
loop.run_until_complete(main())
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


# Where the case runs; a thread that is no daemon is waited for, a daemon is left as it is.
THREADS = {
    "the main thread": "exec(compile(CODE, 'case', 'exec'), globals())",
    "a thread": """
import threading
def run():
    try:
        exec(compile(CODE, 'case', 'exec'), globals())
    finally:
        ready.set()  # from Python 3.12 on no thread starts once the main thread has ended
ready = threading.Event()
threading.Thread(target=run).start()
ready.wait()
""",
    "a daemon": """
import threading
def run():
    try:
        exec(compile(CODE, 'case', 'exec'), globals())
    finally:
        ready.set()
    threading.Event().wait()
ready = threading.Event()
threading.Thread(target=run, daemon=True).start()
ready.wait()
""",
}


@pytest.mark.parametrize("thread", THREADS)
@pytest.mark.parametrize("name", CASES)
def test_exit_is_clean_with(name: str, thread: str, tmp_path: Path) -> None:
    if "sys.exit" in name and thread != "the main thread":
        pytest.skip("sys.exit ends the interpreter from the main thread only")
    if "fragments" in name and thread != "the main thread" and not attack.LONG:
        pytest.skip("it has daemons of its own: the long run looks at it elsewhere too")
    code = SETUP + f"CODE = {CASES[name]!r}\n" + THREADS[thread]
    done = subprocess.run(
        [sys.executable, "-c", code, str(clip("h264-bframes.mp4")), str(tmp_path / "out.mp4")],
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert list(tmp_path.iterdir()) == []  # a muxer that was not closed leaves no file


# What a daemon does after the codecs were stopped and the files removed, before Python stops it.
AFTERWARDS = {
    "decodes": """
decoder = VideoDecoder(kept.append, print)
decoder.configure(demuxer.video_config)
started.set()
while decoder.state == "configured":
    pause.wait(0.001)
decoder.decode(chunk)
""",
    "writes": """
muxer = ffwebcodecs.Muxer(sys.argv[2])
started.set()
while not muxer.closed:
    pause.wait(0.001)
muxer.add_chunk(chunk, demuxer.video_config)
""",
    "begins a file": """
muxer = ffwebcodecs.Muxer(sys.argv[2])
started.set()
while not muxer.closed:
    pause.wait(0.001)
another = ffwebcodecs.Muxer(sys.argv[2])
print("another file is begun")
""",
}


@pytest.mark.parametrize("what", AFTERWARDS)
def test_a_daemon_ends_without_a_word_and_leaves_nothing_when_it(what: str, tmp_path: Path) -> None:
    code = f"""
import atexit, threading
started, pause = threading.Event(), threading.Event()
def last():  # registered before ours, so it runs after them
    daemon.join(20)
    print("it ended" if not daemon.is_alive() else "it goes on")
atexit.register(last)
{SETUP}
chunk = next(demuxer.chunks())
daemon = threading.Thread(target=exec, args=({AFTERWARDS[what]!r}, globals()), daemon=True)
daemon.start()
started.wait()
"""
    done = subprocess.run(
        [sys.executable, "-c", code, str(clip("h264-bframes.mp4")), str(tmp_path / "out.mp4")],
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "it ended\n", "")
    assert list(tmp_path.iterdir()) == []


# Where a frame over the program's own memory may lie when the modules are taken apart, and later.
LATE = {
    "a hook": "sys.excepthook = Holder(frame)",
    "builtins": "builtins.kept = frame",
    "a default argument": "def function(value=frame): pass\nbuiltins.function = function",
    "a thread's own": "builtins.local = threading.local(); builtins.local.frame = frame",
    "sys": "sys.last_value = frame",
    "a codec error handler": "codecs.register_error('kept', Holder(frame))",
    "a trace function": "sys.settrace(Holder(frame))",
    "an audit hook": "sys.addaudithook(Holder(frame))",
    "another module": "sys.modules['another'] = frame",
}


@pytest.mark.parametrize("where", LATE)
def test_lent_memory_that_outlives_the_modules_is_let_go_without_a_word(where: str) -> None:
    code = f"""
import builtins, codecs, sys, threading, warnings
import ffwebcodecs
warnings.simplefilter("ignore", ResourceWarning)
class Holder:
    def __init__(self, frame): self.frame = frame
    def __call__(self, *_): return None
frame = ffwebcodecs.VideoFrame(bytearray(64), format="RGBA", coded_width=4, coded_height=4,
                               timestamp=0, transfer=True)
{LATE[where]}
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.attack
def test_the_first_lent_memory_in_a_collection(tmp_path: Path) -> None:
    """A destructor that lends memory runs in the middle of the first call that does."""
    code = """
import gc, sys
import ffwebcodecs
def lend():
    return ffwebcodecs.EncodedVideoChunk(
        type="key", timestamp=0, data=bytearray(8), transfer=True)
ffwebcodecs.EncodedVideoChunk(type="key", timestamp=0, data=b"1")
class Late:
    def __init__(self): self.itself = self
    def __del__(self): lend()
gc.disable(); gc.collect(); Late(); gc.set_threshold(int(sys.argv[1])); gc.enable()
lend()
"""
    tries, failed = attack.rounds(3, 60), []
    for threshold in attack.dice("first lend").sample(range(1, 61), tries):
        command = [sys.executable, "-c", code, str(threshold)]
        done = subprocess.run(command, capture_output=True, timeout=30, check=False)
        if done.returncode or done.stderr:
            failed.append(threshold)
    attack.report("first lent memory in a collection", tries, len(failed), "the process aborts")
    assert failed == []
