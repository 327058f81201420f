"""Frames: made, converted, cloned, shown, cached."""

from __future__ import annotations

import mmap
import pickle
import random
import threading
from collections.abc import Iterator
from contextlib import suppress
from io import BytesIO
from itertools import product
from tempfile import TemporaryDirectory

import numpy as np

from ffwebcodecs import (
    FrameCache,
    InvalidArgumentError,
    NotSupportedError,
    VideoFrame,
    create_image_bitmap,
    memory_report,
    set_memory_limit,
)
from ffwebcodecs._av.scale import cache

from ..scenario import Step, scenario

SIDE = 64
I420 = bytes(range(256)) * (SIDE * SIDE * 3 // 2 // 256)


def make(timestamp: int = 0, **options: object) -> VideoFrame:
    """Return a frame of 64x64 pixels."""
    given = {"source": I420, "format": "I420", "coded_width": SIDE, "coded_height": SIDE}
    return VideoFrame(**{**given, "timestamp": timestamp, **options})  # type: ignore[arg-type]


@scenario("frames made, copied, converted, closed", cycles=10_000)
def frames_converted() -> Iterator[Step]:
    plain, rgba = bytearray(len(I420)), bytearray(SIDE * SIDE * 4)

    def step(index: int) -> None:
        with make(index) as frame:
            frame.copy_to(plain)
            frame.copy_to(rgba, format="RGBA")
            frame.to_ndarray("BGR")
            with VideoFrame(frame, visible_rect=(2, 2, 16, 16), rotation=90) as part:
                part.copy_to(rgba, format="RGBX")

    yield step


@scenario("frames, clones and bitmaps dropped unclosed", cycles=10_000)
def frames_dropped() -> Iterator[Step]:
    def step(index: int) -> None:
        frame = make(index, metadata={"index": index})
        frame.clone()
        create_image_bitmap(frame)

    yield step


@scenario("clones closed in random order", cycles=10_000, each=100)
def clones() -> Iterator[Step]:
    order = random.Random(1)

    def step(index: int) -> None:
        family = [make(index)]
        for _ in range(100):
            family.append(order.choice(family).clone())
        order.shuffle(family)
        for frame in family:
            frame.close()

    yield step


@scenario("zero-copy in: transfer of bytes, arrays, mmap", cycles=10_000)
def zero_copy_in() -> Iterator[Step]:
    def step(index: int) -> None:
        size = len(I420)
        kind = index % 3
        source = bytearray(size) if kind == 0 else np.zeros(size, np.uint8)
        if kind == 2:
            source = mmap.mmap(-1, size)
        frame = make(index, source=source, transfer=True)
        clone = frame.clone()
        if index % 2:
            frame.close()
        view = clone.planes[1].data
        clone.close()
        del source, frame, clone
        assert view[0] == 0

    yield step


@scenario("zero-copy out: planes and arrays outlive their frame", cycles=10_000)
def zero_copy_out() -> Iterator[Step]:
    kept: list[object] = []

    def step(index: int) -> None:
        with make(index) as frame, create_image_bitmap(frame, format=None) as bitmap:
            kept.append([plane.to_ndarray() for plane in frame.planes])
            kept.append(frame.planes[index % 3].data[10:20])
            kept.append(bitmap.to_ndarray()[::2])
        if len(kept) > 60:
            del kept[:30]

    yield step


@scenario("FrameCache: put, get, borrow, evict, pop", cycles=10_000)
def frame_cache() -> Iterator[Step]:
    order = random.Random(2)
    borrowed: list[object] = []
    cache = FrameCache(max_frames=16)
    small = FrameCache(max_bytes=100_000, format="RGBA")

    def step(index: int) -> None:
        cache.put(index % 40, make(index))
        small.put(index, make(index))
        bitmap = cache.get(order.randrange(40))
        if bitmap is not None:
            borrowed.append(bitmap.to_ndarray())
            with VideoFrame(bitmap, timestamp=index):
                pass
        popped = small.pop(index - order.randrange(4))
        if popped is not None:
            popped.close()
        if len(borrowed) > 20:
            borrowed.clear()
        if index % 500 == 499:
            cache.clear()

    yield step
    cache.close()  # the small one is collected with copies in it


@scenario("bitmaps resized, made into frames again", cycles=10_000)
def bitmaps() -> Iterator[Step]:
    def step(index: int) -> None:
        with make(index) as frame, create_image_bitmap(frame, resize_width=48) as bitmap:
            frame.close()
            with VideoFrame(bitmap, timestamp=index) as again:
                bitmap.close()
                create_image_bitmap(again, rect=(0, 0, 32, 32), format="RGB").close()

    yield step


@scenario("conversions of changing formats and sizes (contexts evicted)", cycles=1_000)
def conversions() -> Iterator[Step]:
    # A hundred kinds, so that the warm-up has filled the small caches of shapes and layouts.
    formats = ("I420", "I444", "NV12", "RGBA", "I420P10")
    pairs = list(product(formats, formats))
    memory = bytearray(SIDE * SIDE * 8)

    def step(index: int) -> None:
        source, target = pairs[index % len(pairs)]
        side = 16 + 10 * (index % 4)
        size = {"coded_width": side, "coded_height": side}
        with make(index, source=memory, format=source, **size) as frame:
            frame.copy_to(bytearray(frame.allocation_size(format=target)), format=target)

    yield step
    # Bounded, and kept on purpose.
    cache._cache.conversions.clear()
    cache._cache.arena = cache.Arena()


@scenario("conversions in threads that end (their contexts go with them)", cycles=1_000)
def conversion_threads() -> Iterator[Step]:
    def convert() -> None:
        with make() as frame:
            frame.to_ndarray("RGB")

    def step(_: int) -> None:
        thread = threading.Thread(target=convert)
        thread.start()
        thread.join()

    yield step


@scenario("frames pickled, copied, saved as PNG", cycles=1_000)
def pickled_and_saved() -> Iterator[Step]:
    with TemporaryDirectory(prefix="memcheck-") as folder:

        def step(index: int) -> None:
            with make(index, metadata={"a": [index]}) as frame:
                pickle.loads(pickle.dumps(frame)).close()
                frame.save(f"{folder}/frame.{'png' if index % 2 else 'jpg'}")

        yield step


@scenario("pictures encoded as PNG, JPEG, WebP, turned, composed, refused", cycles=1_000)
def pictures_encoded() -> Iterator[Step]:
    taken = BytesIO()
    clear = np.full((SIDE, SIDE, 4), 100, np.uint8)

    def step(index: int) -> None:
        kind = ("png", "jpeg", "webp")[index % 3]
        with make(index, rotation=index % 4 * 90) as frame, suppress(NotSupportedError):
            frame.encode(kind)
            frame._repr_png_()
            taken.seek(0)
            frame.save(taken, format=kind)
            with suppress(InvalidArgumentError):
                frame.encode(kind, quality=101)
        with VideoFrame.from_ndarray(clear, timestamp=0) as frame, suppress(NotSupportedError):
            frame.encode(kind, background="red")
            with create_image_bitmap(frame, resize_width=16) as bitmap:
                bitmap.encode(kind)

    yield step


@scenario("arrays and DLPack capsules over planes and bitmaps, tensors as frames", cycles=10_000)
def arrays_shared() -> Iterator[Step]:
    kept: list[object] = []

    def step(index: int) -> None:
        tensor = np.full((SIDE, SIDE, 3), index % 256, np.uint8)
        with make(index) as frame, create_image_bitmap(frame, format="RGB") as bitmap:
            kept.extend([np.asarray(frame.planes[0]), np.asarray(bitmap), np.asarray(frame)])
            kept.append(np.from_dlpack(frame.planes[1]))
            kept.append(bitmap.__dlpack__(max_version=(1, 0)))  # and nobody takes it
        with VideoFrame.from_dlpack(tensor[1:, 1:], timestamp=index) as shown:
            kept.append(shown.planes[0].to_ndarray())
        if len(kept) > 60:
            del kept[:30]

    yield step


@scenario("caches under a limit of the process, reports of it", cycles=10_000)
def caches_limited() -> Iterator[Step]:
    set_memory_limit(20 * len(I420))
    try:
        with FrameCache() as one, FrameCache() as other:

            def step(index: int) -> None:
                (one, other)[index % 3 % 2].put(index % 50, make(index))
                if index % 100 == 0:
                    FrameCache().put(0, make(index))
                    assert memory_report().droppable <= 20 * len(I420)

            yield step
    finally:
        set_memory_limit(None)
