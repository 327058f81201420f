"""Frames on a device behave like frames in memory, and give their surface back."""

from __future__ import annotations

import itertools
import pickle
import threading
import weakref
from pathlib import Path

import numpy as np
import pytest
from frame_helpers import content, make, pattern
from hardware_helpers import (
    FORMAT,
    KINDS,
    Downloads,
    device_of,
    exact_device_of,
    is_on_device,
    on_device,
    pair,
    surfaces_for,
)

import ffwebcodecs
from ffwebcodecs import FrameCache, NotSupportedError, OperationError, VideoFrame
from ffwebcodecs import create_image_bitmap as bitmap_of
from ffwebcodecs._av.frames import frame as native
from ffwebcodecs._av.frames import hardware
from ffwebcodecs._av.frames.hardware import avutil
from ffwebcodecs._av.frames.pixel_format import pix_fmt_name
from ffwebcodecs._runtime.pool import FramePool
from ffwebcodecs.frames._shape import ShapeCache

FORMATS = ("I420", "I422", "I444", "NV12", "RGBA", "BGRA", "GRAY8", "I420P10")
every_kind = pytest.mark.parametrize("kind", KINDS)


@every_kind
@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("size", [(64, 48), (70, 38)])
def test_pixels_come_back_bit_for_bit(kind: str, format: str, size: tuple[int, int]) -> None:
    memory, frame = pair(kind, format, *size)
    with memory, frame:
        assert is_on_device(frame)
        assert (frame.format, frame.coded_width, frame.coded_height) == (format, *size)
        assert content(frame) == pattern(format, *size)
        assert content(frame, format="RGBA") == content(memory, format="RGBA")
        for ours, theirs in zip(frame.planes, memory.planes, strict=True):
            assert np.array_equal(ours.to_ndarray(), theirs.to_ndarray())
        assert np.array_equal(frame.to_ndarray(), memory.to_ndarray())


@every_kind
@pytest.mark.parametrize("format", [None, "RGBA", "GRAY8"])
def test_image_bitmap_of_a_device_frame(kind: str, format: str | None) -> None:
    memory, frame = pair(kind, FORMAT[kind], 64, 48)
    with memory, frame, bitmap_of(frame, format=format) as ours:
        with bitmap_of(memory, format=format) as theirs:
            assert ours.format == theirs.format
            assert np.array_equal(ours.to_ndarray(), theirs.to_ndarray())
        frame.close()
        assert ours.to_ndarray().any()


@every_kind
def test_cache_pickle_and_file_of_a_device_frame(kind: str, tmp_path: Path) -> None:
    memory, frame = pair(kind, FORMAT[kind], 64, 48, timestamp=40, duration=20)
    with memory, frame:
        with pickle.loads(pickle.dumps(frame)) as copy:
            assert content(copy) == content(memory)
            assert (copy.timestamp, copy.duration) == (40, 20)
        frame.save(tmp_path / "a.png")
        memory.save(tmp_path / "b.png")
        assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
        again = on_device(kind, memory)
        with FrameCache(max_frames=1) as cache:
            cache.put("key", again)
            assert again.closed
            cached = cache.get("key")
            assert cached is not None
            with bitmap_of(memory, format=cached.format) as expected:
                assert np.array_equal(cached.to_ndarray(), expected.to_ndarray())


@every_kind
def test_crop_time_and_colours_come_along(kind: str) -> None:
    with make(FORMAT[kind], 64, 48) as memory:
        ptr = memory._open_picture().ptr
        ptr.crop_left, ptr.crop_top, ptr.crop_right, ptr.crop_bottom = 2, 4, 6, 8
        native.tag(ptr, 1234, 9, 16, 9, True)
        with on_device(kind, memory) as frame:
            assert frame.visible_rect == (2, 4, 56, 36)
            color = frame.color_space
            assert (color.primaries, color.transfer) == ("bt2020", "pq")
            assert (color.matrix, color.full_range) == ("bt2020-ncl", True)
            assert content(frame) == content(memory, rect=(2, 4, 56, 36))
            # Not only the shape made before: the downloaded frame says the same of itself.
            downloaded = frame._open_picture().ptr
            assert not downloaded.hw_frames_ctx
            assert downloaded.pts == 1234
            assert native.describe(downloaded) == native.describe(ptr)


@every_kind
def test_format_without_a_name_converts(kind: str) -> None:
    device = device_of(kind)
    rows = [(64 * 2, 48), (64 * 2, 24)]
    ptr = native.new("p010le", 64, 48, rows)
    with make("I420P10", 64, 48) as planar:
        y, u, v = (plane.to_ndarray() for plane in planar.planes)
        chroma = np.stack([u, v], axis=-1).reshape(24, 64)
        for index, plane in enumerate((y, chroma)):
            stride = ptr.linesize[index]
            raw = native.ffi.buffer(ptr.data[index], stride * plane.shape[0])
            np.frombuffer(raw, "<u2").reshape(-1, stride // 2)[:, :64] = plane << 6
        surface = hardware.upload(surfaces_for(device, "p010le", 64, 48), ptr)
        shape = ShapeCache().shape_of(surface)
        with VideoFrame._from_native(hardware.picture_of(surface), shape, 0, None, True) as frame:
            assert frame.format is None
            with pytest.raises(NotSupportedError, match="p010le"):
                content(frame)
            assert is_on_device(frame)  # nothing was read back for an error
            assert content(frame, format="I420P10") == content(planar)
            assert frame.to_ndarray().shape == (48, 64, 3)


@every_kind
def test_is_downloaded_once_for_all_clones(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    downloads = Downloads(monkeypatch)
    memory, frame = pair(kind, FORMAT[kind], 64, 48)
    with memory, frame, frame.clone() as clone, VideoFrame(frame, timestamp=9) as derived:
        frame.allocation_size()
        assert downloads.count == 0
        expected = content(memory)
        frames = (frame, clone, derived)
        assert all(content(each) == expected for each in frames)
        assert [each.planes[0].width for each in frames] == [64] * 3
        assert downloads.count == 1


@every_kind
def test_download_gives_the_surface_back(kind: str) -> None:
    with make(FORMAT[kind], 64, 48) as memory:
        source, device = memory._open_picture().ptr, device_of(kind)
        pix_fmt = pix_fmt_name(source.format)
        surface = hardware.upload(surfaces_for(device, pix_fmt, 64, 48), source)
        gone = weakref.ref(surface)
        frame = VideoFrame._from_native(hardware.picture_of(surface), memory._shape, 0, None, True)
        del surface
        with frame:
            assert gone() is not None
            del device
            assert ffwebcodecs.open_handles()["hw_device"] == 1
            assert content(frame) == content(memory)
            assert gone() is None
            assert ffwebcodecs.open_handles()["hw_device"] == 0
            assert content(frame) == content(memory)


HOLDERS = ("frame", "clone", "derived", "view", "bitmap")


@every_kind
def test_holders_may_go_in_any_order(kind: str) -> None:
    device = device_of(kind)
    with make(FORMAT[kind], 64, 48) as memory:
        expected = content(memory)
        luma = memory.planes[0].to_ndarray().copy()
        for order in itertools.islice(itertools.permutations(HOLDERS), 0, None, 5):
            frame = on_device(kind, memory)
            clone = frame.clone()
            derived = VideoFrame(clone, timestamp=1)
            view = frame.planes[0].to_ndarray()
            bitmap = bitmap_of(derived, format=None)
            alive = {"frame": frame, "clone": clone, "derived": derived, "bitmap": bitmap}
            for name in order:
                if name == "view":
                    assert np.array_equal(view, luma)
                    del view
                else:
                    alive.pop(name).close()
                for each in alive.values():
                    if isinstance(each, VideoFrame):
                        assert content(each) == expected
    del device
    assert not any(ffwebcodecs.open_handles().values())


@every_kind
def test_frame_outlives_pool_and_device(kind: str) -> None:
    with make(FORMAT[kind], 64, 48) as memory:
        frame = on_device(kind, memory)  # nobody but the frame holds surfaces and device now
        with frame:
            handles = ffwebcodecs.open_handles()
            assert (handles["hw_device"], handles["hw_frames"]) == (1, 0)
            # Shared: who needs this kind now gets the one that the frame keeps.
            again = hardware.open_device(kind)
            assert ffwebcodecs.open_handles()["hw_device"] == 1
            del again
            assert content(frame) == content(memory)
        assert ffwebcodecs.open_handles()["hw_device"] == 0


@every_kind
def test_leases_count_frames_on_a_device(kind: str) -> None:
    pool = FramePool(2)
    with make(FORMAT[kind], 64, 48) as memory:
        first = on_device(kind, memory, pool.lend(0))
        second = on_device(kind, memory, pool.lend(1))
        clone = first.clone()
        assert (pool.stats().in_use, pool.room(0)) == (2, False)
        view = first.planes[0].data
        first.close()
        assert pool.stats().in_use == 2
        clone.close()
        assert (pool.stats().in_use, pool.room(0)) == (1, True)
        assert bytes(view[:64]) == bytes(memory.planes[0].data[:64])  # bytes, but no lease
        second.close()  # never downloaded
        assert pool.stats()[:3] == (2, 0, 2)


@every_kind
def test_two_threads_download_the_same_frame_once(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    downloads = Downloads(monkeypatch)
    rounds = 20
    with make(FORMAT[kind], 320, 240) as memory:
        expected = content(memory)
        frames = [on_device(kind, memory) for _ in range(rounds)]
        barrier = threading.Barrier(2)
        results: list[bool] = []

        def read() -> None:
            for frame in frames:
                barrier.wait(10)
                results.append(content(frame) == expected)

        threads = [threading.Thread(target=read) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(10)
        for frame in frames:
            frame.close()
    assert results == [True] * rounds * 2
    assert downloads.count == rounds


@every_kind
def test_threads_download_frames_of_one_pool(kind: str) -> None:
    with make(FORMAT[kind], 320, 240) as memory:
        expected = content(memory)
        source = memory._open_picture().ptr
        surfaces = surfaces_for(device_of(kind), memory._shape.pix_fmt or "", 320, 240)
        shape = memory._shape
        frames = [
            VideoFrame._from_native(
                hardware.picture_of(hardware.upload(surfaces, source)), shape, at, None, True
            )
            for at in range(24)
        ]
        results: list[bool] = []

        def read(mine: list[VideoFrame]) -> None:
            for frame in mine:
                with frame:
                    results.append(content(frame) == expected)

        threads = [threading.Thread(target=read, args=(frames[at::4],)) for at in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(10)
    assert results == [True] * 24


@every_kind
def test_close_during_a_download_is_safe(kind: str) -> None:
    with make(FORMAT[kind], 640, 480) as memory:
        expected = content(memory)
        for _ in range(10):
            frame = on_device(kind, memory)
            started = threading.Event()
            pixels = bytearray(len(expected))
            outcome: list[object] = []

            def read(
                frame: VideoFrame = frame,
                started: threading.Event = started,
                pixels: bytearray = pixels,
                outcome: list[object] = outcome,
            ) -> None:
                started.set()
                try:
                    frame.copy_to(pixels)
                    outcome.append(bytes(pixels) == expected)
                except ffwebcodecs.InvalidStateError:
                    outcome.append(True)  # closed before it began

            thread = threading.Thread(target=read)
            thread.start()
            started.wait(10)
            frame.close()
            thread.join(10)
            assert outcome == [True]


@every_kind
def test_failed_download_is_an_operation_error_and_may_be_tried_again(kind: str) -> None:
    memory, frame = pair(kind, FORMAT[kind], 64, 48)
    with memory, frame:
        picture = frame._open_picture()
        assert isinstance(picture, hardware.DevicePicture)
        context = hardware._context_of(picture._surface)
        context.width = 0  # FFmpeg cannot allocate what it should read into
        pixels = bytearray(frame.allocation_size())
        with pytest.raises(OperationError, match=f"back from the {kind} device") as failure:
            frame.copy_to(pixels)
        assert failure.value.code is not None
        assert not any(pixels)
        del failure
        context.width = 64
        assert content(frame) == content(memory)


@every_kind
def test_device_is_shared_and_closed_with_its_last_user(kind: str) -> None:
    first = device_of(kind)
    assert hardware.open_device(kind) is first
    assert ffwebcodecs.open_handles()["hw_device"] == 1
    gone = weakref.ref(first)
    del first
    assert gone() is None
    assert ffwebcodecs.open_handles()["hw_device"] == 0
    assert hardware.open_device(kind).kind == kind  # and can be opened again


@every_kind
def test_surfaces_that_the_device_lacks_are_refused(kind: str) -> None:
    device = device_of(kind)
    with pytest.raises(NotSupportedError, match=f"{kind} has no pal8"):
        hardware.make_surfaces(device, "pal8", 64, 48)
    assert ffwebcodecs.open_handles()["hw_frames"] == 0


@every_kind
def test_references_to_the_device_are_all_given_back(kind: str) -> None:
    device = exact_device_of(kind)
    with make(FORMAT[kind], 64, 48) as memory:
        for _ in range(20):
            on_device(kind, memory).close()
            with on_device(kind, memory) as frame:
                content(frame)
    assert avutil.av_buffer_get_ref_count(device.ptr) == 1


def test_info_says_which_devices_open_and_why_the_others_do_not() -> None:
    info = ffwebcodecs.ffmpeg_info()
    assert set(info.devices) | set(info.device_problems) == set(info.device_types)
    assert not set(info.devices) & set(info.device_problems)
    assert all(info.device_problems.values())
    for kind in info.devices:
        hardware.open_device(kind)
    for kind in info.device_problems:
        with pytest.raises(NotSupportedError):
            hardware.open_device(kind)
