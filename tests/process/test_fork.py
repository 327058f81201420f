"""A forked child uses what is memory, is refused what is a codec or a file, and harms nobody."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from clips import ROOT, clip

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork"),
]

QUIET = """
import warnings
warnings.simplefilter("ignore", DeprecationWarning)  # of Python 3.12: fork with threads
"""
# The parent has everything open and running; an alarm ends either process if it hangs.
SETUP = """
import gc, io, os, signal, sys, threading
import ffwebcodecs as w
from ffwebcodecs import InvalidStateError
path, out = sys.argv[1:3]
signal.alarm(60)
frames, some = [], threading.Event()
def output(frame):
    frames.append(frame)
    if len(frames) == 4: some.set()
demuxer = w.Demuxer(path)
decoder = w.VideoDecoder(output, print, frame_pool_size=4, stall_timeout=1000)
decoder.configure(demuxer.video_config)
chunks = list(demuxer.chunks())
for chunk in chunks: decoder.decode(chunk)
flush = decoder.flush()
reading = w.Demuxer(path)
reader = reading.chunks()
next(reader)
generator = w.read_frames(path, threads=4)
kept = [next(generator)]
written = []
encoder = w.VideoEncoder(lambda chunk, metadata: written.append(chunk), print)
encoder.configure(w.VideoEncoderConfig(codec="ffmpeg:mpeg4", width=kept[0].coded_width & ~1,
                                       height=kept[0].coded_height & ~1))
encoder.encode(kept[0])
sounds = []
sound = w.AudioDecoder(sounds.append, print)
sound.configure({"codec": "pcm-s16", "sample_rate": 48000, "number_of_channels": 2})
piece = w.EncodedAudioChunk(type="key", timestamp=0, data=bytes(1920))
sound.decode(piece)
muxer = w.Muxer(out)
muxer.add_chunk(chunks[0], demuxer.video_config)
cache = w.FrameCache(max_frames=4)
cache.put("first", kept[0].clone())
samples = w.AudioData(format="s16", sample_rate=48000, number_of_frames=64,
                      number_of_channels=2, timestamp=0, data=bytes(range(256)), transfer=True)
packed = []
packer = w.AudioEncoder(lambda chunk, metadata: packed.append(chunk), print)
packer.configure({"codec": "flac", "sample_rate": 48000, "number_of_channels": 2})
packer.encode(samples)
with open(path, "rb") as file: content = file.read()
source = w.Demuxer(io.BytesIO(content))
sourced = source.chunks()
next(sourced)
plain = open(path, "rb")
described = w.Demuxer(plain)
sink, segments = io.BytesIO(), []
giving = w.Muxer(sink, format="mp4", fragmented=True, tracks=["video"],
                 on_segment=lambda data, info: segments.append(data))
for chunk in chunks[:20]: giving.add_chunk(chunk, demuxer.video_config)
stream = io.BytesIO()
w.remux(path, stream, format="mkv", fragmented=True)
half, inside, go_on = len(stream.getvalue()) // 2, threading.Event(), threading.Event()
stream.seek(0)
class Slow:
    def read(self, size):
        if stream.tell() > half:
            inside.set()
            go_on.wait()
        return stream.read(500)
live = w.read_frames(Slow(), live=True)
lived = [next(live)]
inside.wait()
looping = w.VideoDecoder()
looping.configure(demuxer.video_config)
outputs = looping.frames(iter(chunks))
next(outputs).close()
some.wait()
times = [frame.timestamp for frame in w.read_frames(path)]
total, last = len(times), times[-1]
child = os.fork()
if child == 0:
    signal.alarm(30)
    def refused(call):
        try:
            call()
        except InvalidStateError as error:
            assert "belongs to the process that made it" in str(error), error
        else:
            raise AssertionError("not refused")
"""
PARENT = """
    os._exit(0) if LEAVE == "_exit" else sys.exit(0)
pid, status = os.waitpid(child, 0)
assert status == 0, status
kept.pop().close()
while not flush.done():
    while frames: frames.pop().close()
while frames: frames.pop().close()
flush.result()
assert 1 + sum(1 for frame in generator if not frame.close()) == total
assert 1 + len(list(reader)) == len(chunks)
encoder.flush().result(); encoder.close(); assert len(written) == 1
for chunk in chunks[1:]: muxer.add_chunk(chunk)
muxer.close()
sound.decode(piece); sound.flush().result(); sound.close(); assert len(sounds) == 2
while sounds: sounds.pop().close()
packer.encode(samples); packer.flush().result(); packer.close(); assert len(packed) == 1
del packed
assert len(list(w.read_frames(out))) == total
decoder.close(); demuxer.close(); reading.close(); cache.close(); samples.close()
assert 1 + len(list(sourced)) == len(list(described.chunks())) == len(chunks)
source.close(); described.close(); plain.close()
for chunk in chunks[20:]: giving.add_chunk(chunk)
giving.close()
assert sink.getvalue().startswith(b"".join(segments))
assert len(list(w.read_frames(io.BytesIO(sink.getvalue())))) == total
go_on.set()
lived += live
assert len(lived) + live.dropped == total and abs(lived[-1].timestamp - last) < 1000  # Matroska
live.close()
while lived: lived.pop().close()
assert 1 + sum(1 for frame in outputs if not frame.close()) == total
looping.close()
del chunk, chunks, written, reader, piece; gc.collect()
assert not any(w.open_handles().values()), w.open_handles()
print("unharmed")
"""
CASES = {
    "uses what it inherits": """
    refused(lambda: decoder.decode(chunks[0]))
    refused(lambda: decoder.configure(demuxer.video_config))
    refused(lambda: flush.result(5))
    refused(lambda: decoder.flush().result(5))
    refused(lambda: next(generator))
    refused(lambda: next(reader))
    refused(lambda: reading.seek(0))
    refused(lambda: encoder.encode(kept[0]))
    refused(lambda: encoder.flush().result(5))
    refused(lambda: sound.decode(piece))
    refused(lambda: sound.flush().result(5))
    refused(lambda: packer.encode(samples))
    refused(lambda: packer.flush().result(5))
    refused(lambda: muxer.add_chunk(chunks[1]))
    refused(lambda: next(sourced))
    refused(lambda: source.seek(0))
    refused(lambda: next(described.chunks()))
    refused(lambda: giving.add_chunk(chunks[20]))
    refused(giving.flush)
    refused(lambda: [next(live) for _ in range(9)])  # what waits for it is memory
    refused(lambda: next(outputs))
    refused(lambda: next(looping.frames(chunks)))
    assert b"".join(segments) == sink.getvalue()
    assert decoder.state == encoder.state == sound.state == packer.state == "closed"
""",
    "closes what it inherits": """
    for codec in (decoder, encoder, sound, packer): codec.close()
    for thing in (demuxer, reading, muxer, generator, samples, *frames, *kept): thing.close()


    for codec in (decoder, encoder, sound, packer): codec.close()
    for thing in (demuxer, reading, muxer, generator, samples, *frames, *kept): thing.close()
    muxer.discard()
    cache.close()
    before = sink.getvalue()
    for thing in (source, described, giving, live, outputs, looping): thing.close()
    for thing in (source, described, giving, live, outputs, looping): thing.close()
    giving.discard()
    assert sink.getvalue() == before
    del source, sourced, described, giving, live, outputs, looping
    del decoder, encoder, sound, packer, demuxer, reading, reader, muxer, generator, flush
    frames.clear(); kept.clear(); gc.collect()
""",
    "leaves everything open": "",
    "decodes by itself": """
    assert len(list(w.read_frames(path))) == total
    own = []
    done = w.VideoDecoder(lambda frame: own.append(frame.timestamp) or frame.close(), print)
    with w.Demuxer(path) as opened:
        done.configure(opened.video_config)
        for chunk in opened.chunks(): done.decode(chunk)
    done.flush().result(20)
    done.close()
    assert len(own) == total
    heard = []
    with w.AudioDecoder(lambda data: heard.append(data.timestamp) or data.close(), print) as new:
        new.configure({"codec": "pcm-s16", "sample_rate": 48000, "number_of_channels": 2})
        new.decode(piece)
        new.flush().result(20)
    assert heard == [0]
""",
    "reads inherited frames": """
    assert frames[0].to_ndarray().any()
    assert kept[0].clone().planes[0].data.nbytes
    assert chunks[0].byte_length == len(chunks[0].data)
    assert cache.get("first").to_ndarray().any()
    assert samples.clone().to_ndarray("f32").any() and len(samples.planes[0]) == 64
    w.transcode(path, out + ".child.mp4")
""",
}


def environment() -> dict[str, str]:
    return os.environ | {
        "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    }


def run(code: str, out: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-c", QUIET + code, str(clip("h264-bframes.mp4")), str(out)],
        capture_output=True,
        text=True,
        timeout=90,
        env=environment(),
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.strip()


@pytest.mark.divided
@pytest.mark.parametrize("leave", ["sys.exit", "_exit"])
@pytest.mark.parametrize("case", CASES)
def test_the_parent_is_unharmed_by_a_child_that(case: str, leave: str, tmp_path: Path) -> None:
    code = f"LEAVE = {leave!r}\n" + SETUP + CASES[case] + PARENT
    assert run(code, tmp_path / "out.mp4") == "unharmed"
    assert not list(tmp_path.glob(".*"))  # no temporary file is left, and the child removed none


def test_a_fork_while_locks_are_held_does_not_hang(tmp_path: Path) -> None:
    code = """
import os, signal, sys, threading
import ffwebcodecs as w
from ffwebcodecs import _ffi
from ffwebcodecs._av import ledger
from ffwebcodecs._av.frames import buffers, hardware
signal.alarm(60)
decoder = w.VideoDecoder(print, print)
demuxer, cache = w.Demuxer(sys.argv[1]), w.FrameCache(max_frames=1)
config = demuxer.video_config
held = [_ffi._lock, ledger._lock, hardware._opening, demuxer._lock,
        decoder._engine._core, cache._lock]
ready, done = threading.Event(), threading.Event()
def hold():
    for lock in held: lock.acquire()
    ready.set()
    done.wait()
    for lock in reversed(held): lock.release()
thread = threading.Thread(target=hold)
thread.start()
ready.wait()
child = os.fork()
if child == 0:
    signal.alarm(20)
    decoder.close()
    demuxer.close()
    cache.close()
    w.open_handles()
    assert list(w.read_frames(sys.argv[1]))
    pixels = bytes(64)
    w.VideoFrame(pixels, format="RGBA", coded_width=4, coded_height=4, timestamp=0).close()
    os._exit(0)
status = os.waitpid(child, 0)[1]
done.set()
thread.join()
decoder.close(); demuxer.close(); cache.close()
print(status)
"""
    assert run(code, tmp_path / "unused") == "0"


def test_a_fork_waits_for_a_codec_that_is_being_opened(tmp_path: Path) -> None:
    # FFmpeg and encoders hold locks of their own then, and nobody would release them in the child
    code = """
import os, threading
from ffwebcodecs._av import forked
inside, forking, left = threading.Event(), threading.Event(), []
os.register_at_fork(before=forking.set)  # runs before what was registered earlier
def open_codec():
    with forked.opening:
        inside.set()
        forking.wait()
        left.append(True)
thread = threading.Thread(target=open_codec)
thread.start()
inside.wait()
child = os.fork()
if child == 0:
    with forked.opening:
        os._exit(3 if left else 1)
thread.join()
with forked.opening:
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
    assert run(code, tmp_path / "unused") == "3"


def test_a_fork_inside_a_callback(tmp_path: Path) -> None:
    code = """
import os, signal, sys
import ffwebcodecs as w
signal.alarm(60)
statuses = []
def output(frame):
    if not statuses:
        child = os.fork()
        if child == 0:
            signal.alarm(20)
            frame.close()
            decoder.close()
            os._exit(7 if len(list(w.read_frames(sys.argv[1]))) > 1 else 1)
        statuses.append(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
    frame.close()
decoder = w.VideoDecoder(output, print)
with w.Demuxer(sys.argv[1]) as demuxer:
    decoder.configure(demuxer.video_config)
    for chunk in demuxer.chunks(): decoder.decode(chunk)
decoder.flush().result()
decoder.close()
print(statuses)
"""
    assert run(code, tmp_path / "unused") == "[7]"


POOL = """
import hashlib, multiprocessing, sys, warnings
import ffwebcodecs as w
warnings.simplefilter("ignore", DeprecationWarning)  # Python 3.12: fork with threads

def hashes(path):
    return [hashlib.md5(frame.to_ndarray()).hexdigest() for frame in w.read_frames(path)]

def send_back(path):
    with w.Demuxer(path) as demuxer:
        return demuxer

if __name__ == "__main__":
    method, paths = sys.argv[3], sys.argv[1:2] * 4
    expected = hashes(paths[0])
    running = w.VideoDecoder(lambda frame: frame.close(), print)
    with w.Demuxer(paths[0]) as demuxer:
        running.configure(demuxer.video_config)
        for chunk in demuxer.chunks(): running.decode(chunk)
    with multiprocessing.get_context(method).Pool(2) as pool:
        assert pool.map(hashes, paths) == [expected] * 4
        try:
            pool.apply(send_back, (paths[0],))
        except Exception as error:
            assert "cannot be pickled" in str(error), error
    running.flush().result(20)
    running.close()
    print("same")
"""


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_a_pool_of_processes_decodes(method: str, tmp_path: Path) -> None:
    script = tmp_path / "pool.py"
    script.write_text(POOL)
    path = str(clip("h264-bframes.mp4"))
    done = subprocess.run(
        [sys.executable, str(script), path, "unused", method],
        capture_output=True,
        text=True,
        timeout=90,
        env=environment(),
    )
    assert (done.returncode, done.stdout.strip(), done.stderr) == (0, "same", "")
