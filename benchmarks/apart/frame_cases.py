"""Frames without pixels' work: making, closing, pickling."""

from __future__ import annotations

from cases.clock import Result, clock, i420


def create_transfer(width: str, height: str, rounds: str) -> Result:
    import ffwebcodecs

    w, h = int(width), int(height)
    pixels = i420(w, h)
    start = clock()
    for _ in range(int(rounds)):
        ffwebcodecs.VideoFrame(
            pixels, format="I420", coded_width=w, coded_height=h, timestamp=0, transfer=True
        ).close()
    return int(rounds), clock() - start


def create_decoded(path: str, rounds: str) -> Result:
    """Make VideoFrames of a decoded AVFrame, as the decoders do with each frame they receive."""
    import ffwebcodecs
    from ffwebcodecs._av.frames import frame as native
    from ffwebcodecs._av.frames.picture import Picture
    from ffwebcodecs._ffi import avutil
    from ffwebcodecs.frames._shape import ShapeCache

    with next(iter(ffwebcodecs.read_frames(path))) as frame:
        decoded = frame._picture.ptr
        shapes = ShapeCache()
        start = clock()
        for _ in range(int(rounds)):
            ptr = native.allocate()
            avutil.av_frame_ref(ptr, decoded)
            ffwebcodecs.VideoFrame._from_native(
                Picture(ptr), shapes.shape_of(ptr), ptr.pts, native.duration(ptr) or None, False
            ).close()
            del ptr
        return int(rounds), clock() - start


def create_clone(path: str, rounds: str) -> Result:
    import ffwebcodecs

    with next(iter(ffwebcodecs.read_frames(path))) as frame:
        start = clock()
        for _ in range(int(rounds)):
            frame.clone().close()
        return int(rounds), clock() - start


def pickled(width: str, height: str, way: str, rounds: str) -> Result:
    """Pickle and make again a frame: "beside" with its memory beside the pickle, else in it."""
    import pickle

    import ffwebcodecs

    w, h = int(width), int(height)
    with ffwebcodecs.VideoFrame(
        i420(w, h), format="I420", coded_width=w, coded_height=h, timestamp=0
    ) as frame:
        start = clock()
        for _ in range(int(rounds)):
            buffers: list[pickle.PickleBuffer] | None = None if way == "in band" else []
            keep = None if buffers is None else buffers.append
            text = pickle.dumps(frame, 5, buffer_callback=keep)
            pickle.loads(text, buffers=buffers).close()
        return int(rounds), clock() - start
