"""Pictures out of pickles whose planes each lie between forbidden pages: one byte too far is a
crash.

Run as a program by test_pickled_bounds.py, which looks at how it ends.
"""

from __future__ import annotations

import itertools
import pickle
import sys

from frame_helpers import FORMATS, pattern
from guard_pages import Guarded
from suite import part

from ffwebcodecs import VideoEncoder, VideoFrame, create_image_bitmap, open_handles

SIZES = ((1, 1), (5, 3), (17, 2), (33, 7), (64, 4))


def sent(frame: VideoFrame, at_end: bool) -> VideoFrame:
    """Return the frame as it arrives in memory of exactly the sizes of its pieces."""
    buffers: list[pickle.PickleBuffer] = []
    text = pickle.dumps(frame, 5, buffer_callback=buffers.append)
    pieces = [bytes(buffer.raw()) for buffer in buffers]
    guarded = [Guarded(len(each), at_end=at_end).fill(each).memory for each in pieces]
    received: VideoFrame = pickle.loads(text, buffers=guarded)
    return received


def frames(format: str, size: tuple[int, int], at_end: bool) -> list[VideoFrame]:
    """Return a frame with tight rows, one with wide ones, and one that is turned."""
    width, height = size
    given = {"format": format, "coded_width": width, "coded_height": height, "timestamp": 0}
    made = []
    for options in ({"transfer": True}, {}, {"rotation": 90, "flip": True}):
        with VideoFrame(pattern(format, width, height), **given, **options) as frame:
            made.append(sent(frame, at_end))
    return made


def pictures() -> None:
    cases = itertools.product(FORMATS, SIZES, (True, False))
    targets = itertools.cycle(("RGBA", "I420", "NV12", "RGB", "I444P10", "GRAY8", "BGRX"))
    for format, size, at_end in part(cases, 1 / 12):
        for frame in frames(format, size, at_end):
            with frame:
                frame.copy_to(Guarded(frame.allocation_size(), at_end=at_end).memory)
                for plane in frame.planes:
                    assert plane.to_ndarray().tobytes()
                    assert bytes(plane.data)
                if format != "I420AP12":
                    target = next(targets)
                    room = frame.allocation_size(format=target)
                    frame.copy_to(Guarded(room, at_end=at_end).memory, format=target)
                with sent(frame, at_end) as again, again.upright() as upright:
                    assert upright.allocation_size()
                with create_image_bitmap(frame, format=None) as bitmap:
                    pickle.loads(pickle.dumps(bitmap, 5)).close()


def encoders() -> None:
    cases = [
        *(("avc1.640028", "I420"), ("vp8", "I420"), ("vp09.00.10.08", "I420")),
        *(("hvc1.1.6.L93.B0", "I420"), ("ffmpeg:mpeg4", "I420"), ("ffmpeg:ffv1", "RGBA")),
        *(("av01.0.04M.08", "I420"), ("ffmpeg:rawvideo", "NV12"), ("ffmpeg:png", "RGB")),
    ]
    for (codec, format), at_end in part(itertools.product(cases, (True, False)), 1 / 6):
        size = 66, 34
        config = {"codec": codec, "width": size[0], "height": size[1]}
        if not VideoEncoder.is_config_supported(config).supported:
            continue
        chunks: list[object] = []
        errors: list[BaseException] = []
        with VideoEncoder(lambda *out, to=chunks: to.append(out), errors.append) as encoder:
            encoder.configure(config)
            for frame in frames(format, size, at_end)[:2]:
                with frame:
                    encoder.encode(frame)
            encoder.flush().result(20)
        assert (len(chunks), errors) == (2, []), (codec, chunks, errors)


if __name__ == "__main__":
    globals()[sys.argv[1]]()
    assert not any(open_handles().values()), open_handles()
    print("done")
