"""When a frame's memory goes: close, collection, clones, pickles (spec 1.4, design 4)."""

from __future__ import annotations

import copy
import gc
import mmap
import os
import pickle
import subprocess
import sys
import warnings
import weakref

import numpy as np
import pytest
from frame_helpers import FORMATS, address, content, make, pattern

from ffwebcodecs import (
    DataCloneError,
    InvalidStateError,
    VideoColorSpace,
    VideoFrame,
    open_handles,
)
from ffwebcodecs._ffi import ffi

BIG = {"format": "GRAY8", "width": 10_000, "height": 10_000}  # 100 MB
MB = 1 << 20


def resident() -> int:
    """Return this process's memory in bytes, as the kernel counts it."""
    try:
        with open("/proc/self/statm") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        pytest.skip("no /proc/self/statm here")


# ---- close -------------------------------------------------------------------------------------


def test_close_frees_the_memory_at_once():
    source = bytearray(100_000_000)
    gc.disable()
    try:
        before = resident()
        frame = make(data=source, **BIG)
        assert resident() - before > 90 * MB
        assert open_handles()["frame"] == 1
        frame.close()
        assert resident() - before < 10 * MB
        assert open_handles()["frame"] == 0
    finally:
        gc.enable()


def test_many_frames_one_after_another_take_the_memory_of_one():
    source = bytearray(100_000_000)
    before = resident()
    for _ in range(5):
        with make(data=source, **BIG) as frame, frame.clone(), VideoFrame(frame):
            pass
        assert resident() - before < 30 * MB


def test_transfer_takes_no_memory():
    source = bytearray(100_000_000)
    before = resident()
    with make(data=source, transfer=True, **BIG) as frame:
        assert len(frame.planes[0].data) == 100_000_000
        assert resident() - before < 10 * MB


def test_close_twice_is_fine_and_reads_as_closed():
    frame = make(timestamp=9, duration=5, rotation=90, flip=True, metadata={"rtpTimestamp": 1})
    assert not frame.closed
    frame.close()
    frame.close()
    assert frame.closed
    assert (frame.format, frame.coded_rect, frame.visible_rect) == (None, None, None)
    sizes = (frame.coded_width, frame.coded_height, frame.display_width, frame.display_height)
    assert sizes == (0, 0, 0, 0)
    assert (frame.rotation, frame.flip) == (0, False)
    assert (frame.timestamp, frame.duration) == (9, 5)
    assert frame.color_space == VideoColorSpace()


@pytest.mark.parametrize(
    "use",
    [
        lambda frame: frame.metadata(),
        lambda frame: frame.allocation_size(),
        lambda frame: frame.allocation_size(rect="nonsense", format="nonsense"),
        lambda frame: frame.copy_to(bytearray(100)),
        lambda frame: frame.copy_to(None, rect="nonsense"),
        lambda frame: frame.planes,
        lambda frame: frame.to_ndarray(),
        lambda frame: frame.to_ndarray("nonsense"),
        lambda frame: frame.clone(),
        lambda frame: frame.__enter__(),
        VideoFrame,
        lambda frame: VideoFrame(frame, timestamp="nonsense"),
        lambda frame: frame.save("never.png"),
    ],
    ids=[
        "metadata",
        "size",
        "size_bad",
        "copy",
        "copy_bad",
        "planes",
        "array",
        "array_bad",
        "clone",
        "with",
        "frame",
        "frame_bad",
        "save",
    ],
)
def test_use_after_close_is_an_invalid_state_error(use):
    frame = make(timestamp=77)
    frame.close()
    with pytest.raises(InvalidStateError, match="77"):
        use(frame)


def test_the_rest_of_a_closed_frame_still_works():
    frame = make()
    frame.close()
    assert frame._repr_png_() is None
    assert "closed" in repr(frame)
    assert hash(frame) == hash(frame)
    assert frame == frame
    frame.__exit__(None, None, None)


@pytest.mark.parametrize(
    "duplicate", [copy.copy, copy.deepcopy, pickle.dumps], ids=["copy", "deepcopy", "pickle"]
)
def test_duplicating_a_closed_frame_is_a_data_clone_error(duplicate):
    frame = make()
    frame.close()
    with pytest.raises(DataCloneError):
        duplicate(frame)


def test_with_closes_also_when_the_block_fails():
    with pytest.raises(ZeroDivisionError), make() as frame:
        1 / 0
    assert frame.closed


# ----------------------------------------


def test_a_picture_beyond_what_ffmpeg_allocates_is_a_memory_error():
    with mmap.mmap(-1, 48_000 * 48_000) as memory:
        with pytest.raises(MemoryError):
            make("GRAY8", 48_000, 48_000, memory)
        if ffi.sizeof(dict(ffi.typeof("AVBufferRef").fields)["size"].type) == 4:
            with pytest.raises(MemoryError):  # FFmpeg's buffers count their bytes in an int
                make("GRAY8", 48_000, 48_000, memory, transfer=True)
            return
        with make("GRAY8", 48_000, 48_000, memory, transfer=True) as frame:
            assert frame.allocation_size() == 48_000 * 48_000


def test_out_of_memory_leaves_nothing_behind():
    resource = pytest.importorskip("resource")
    source = bytearray(16_000 * 16_000)  # more than the heap has free, which is no new memory
    before = resource.getrlimit(resource.RLIMIT_AS)
    with open("/proc/self/statm") as file:
        used = int(file.read().split()[0]) * mmap.PAGESIZE
    resource.setrlimit(resource.RLIMIT_AS, (used + 50 * MB, before[1]))
    try:
        with pytest.raises(MemoryError) as caught:
            make(data=source, format="GRAY8", width=16_000, height=16_000)
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)
    source.append(1)  # not locked, although the error is still held
    assert caught.value.__traceback__ is not None
    del caught
    assert open_handles()["frame"] == 0


# ---- clones ------------------------------------------------------------------------------------


@pytest.mark.parametrize("derive", [VideoFrame.clone, VideoFrame, copy.copy])
def test_a_clone_shares_the_memory_and_outlives_the_original(derive):
    frame = make(
        "I420", 8, 6, timestamp=3, duration=4, rotation=270, flip=True, metadata={"a": [1]}
    )
    clone = derive(frame)
    assert address(clone.planes[0].data) == address(frame.planes[0].data)
    assert clone.metadata() == frame.metadata()
    frame.close()
    assert open_handles()["frame"] == 1
    with clone:
        assert (clone.timestamp, clone.duration, clone.rotation, clone.flip) == (3, 4, 270, True)
        assert content(clone) == pattern("I420", 8, 6)
    assert open_handles()["frame"] == 0


def test_closing_a_clone_leaves_the_original_open():
    with make() as frame:
        frame.clone().close()
        assert content(frame) == pattern("I420", 4, 4)


def test_a_thousand_clones_hold_one_picture():
    frame = make()
    clones = [frame.clone() for _ in range(1000)]
    assert open_handles()["frame"] == 1
    frame.close()
    for clone in clones:
        assert open_handles()["frame"] == 1
        clone.close()
    assert open_handles()["frame"] == 0


# ---- pickles and deep copies -------------------------------------------------------------------


def everything(frame: VideoFrame) -> tuple:
    return (
        frame.format,
        frame.coded_rect,
        frame.visible_rect,
        frame.display_width,
        frame.display_height,
        frame.rotation,
        frame.flip,
        frame.timestamp,
        frame.duration,
        frame.color_space,
        frame.metadata(),
        content(frame),
        content(frame, rect=frame.coded_rect),
    )


@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("transfer", [False, True])
def test_pickles_hold_all_of_a_frame(protocol, transfer):
    with (
        make(
            "I420A",
            8,
            6,
            transfer=transfer,
            visible_rect=(2, 2, 5, 3),
            timestamp=-4,
            duration=2**63,
            rotation=90,
            flip=True,
            display_width=77,
            display_height=3,
            color_space={"matrix": "bt470bg"},
            metadata={"segments": [1]},
        ) as frame,
        pickle.loads(pickle.dumps(frame, protocol)) as other,
    ):
        assert everything(other) == everything(frame)


@pytest.mark.parametrize("format", FORMATS)
def test_deep_copies_have_memory_of_their_own(format):
    with make(format, 5, 3) as frame, copy.deepcopy(frame) as other:
        assert everything(other) == everything(frame)
        assert address(other.planes[0].data) != address(frame.planes[0].data)


# ---- collection --------------------------------------------------------------------------------


def test_an_unclosed_frame_is_freed_and_warns_with_itself_as_source():
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        frame = make(timestamp=42)
        del frame
        # Freed although the record keeps the frame: a list of warnings must not keep pictures.
        assert open_handles()["frame"] == 0
    assert [each.category for each in caught] == [ResourceWarning]
    assert "<VideoFrame I420 4x4, timestamp=42>" in str(caught[0].message)
    assert isinstance(caught[0].source, VideoFrame)
    assert caught[0].source.closed


def test_the_warning_shows_where_the_frame_was_made(tmp_path):
    script = tmp_path / "forgetful.py"
    script.write_text(
        "from ffwebcodecs import VideoFrame\n"
        "SIZE = {'coded_width': 2, 'coded_height': 2}\n"
        "def make():\n"
        "    return VideoFrame(bytes(4), format='GRAY8', timestamp=0, **SIZE)\n"
        "frame = make()\n"
        "del frame\n"
    )
    command = [sys.executable, "-W", "default", "-X", "tracemalloc=3", str(script)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "ResourceWarning: unclosed frame <VideoFrame GRAY8 2x2" in done.stderr
    made = done.stderr.split("Object allocated at")[1]
    assert "forgetful.py" in made
    assert "lineno 4" in made
    assert "lineno 5" in made


@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_a_cycle_through_a_frame_is_collected():
    holder = [make()]
    holder.append(holder)
    del holder
    assert open_handles()["frame"] == 1
    gc.collect()
    assert open_handles()["frame"] == 0


def test_a_closed_frame_a_half_made_one_and_a_failed_one_do_not_warn():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        frame = make()
        frame.close()
        del frame
        VideoFrame.__new__(VideoFrame).__del__()
        with pytest.raises(TypeError):
            VideoFrame()
        with pytest.raises(ValueError, match="bytes"):
            make(data=b"")
        gc.collect()


def test_frames_can_be_referred_to_weakly():
    with make() as frame:
        assert weakref.ref(frame)() is frame


def test_a_lent_array_is_let_go_when_the_frame_is_closed():
    class Array(np.ndarray):
        pass

    source = np.zeros(64, np.uint8).view(Array)
    gone = weakref.ref(source)
    frame = make("RGBA", 4, 4, source, transfer=True)
    del source
    assert gone() is not None
    assert open_handles()["buffer"] == 1
    frame.close()
    assert gone() is None
    assert open_handles()["buffer"] == 0
