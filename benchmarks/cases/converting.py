"""Converting one picture again and again: from one format to another, and to another size."""

from __future__ import annotations

from typing import Any

from .clock import Result, clock

# The divisors of the width and the height of each plane, and bytes a sample
PLANES = {
    "yuv420p": ((1, 1, 1), (2, 2, 1), (2, 2, 1)),
    "yuva420p": ((1, 1, 1), (2, 2, 1), (2, 2, 1), (1, 1, 1)),
    "yuv422p": ((1, 1, 1), (2, 1, 1), (2, 1, 1)),
    "yuv444p": ((1, 1, 1), (1, 1, 1), (1, 1, 1)),
    "nv12": ((1, 1, 1), (2, 2, 2)),
    "yuv420p10le": ((1, 1, 2), (2, 2, 2), (2, 2, 2)),
    "yuv422p10le": ((1, 1, 2), (2, 1, 2), (2, 1, 2)),
    "yuv444p10le": ((1, 1, 2), (1, 1, 2), (1, 1, 2)),
    "yuv420p12le": ((1, 1, 2), (2, 2, 2), (2, 2, 2)),
    "gray": ((1, 1, 1),),
    "rgb24": ((1, 1, 3),),
    "rgba": ((1, 1, 4),),
    "bgra": ((1, 1, 4),),
}


def planes(name: str, width: int, height: int) -> list[bytes]:
    """Return a picture's planes: every value between black and white, in 8 bits or in 10."""
    import numpy as np

    made = []
    for across, down, size in PLANES[name]:
        values = np.arange(width // across * size * (height // down), dtype=np.uint32)
        if name.endswith("le"):
            made.append((64 + values[: len(values) // 2] * 7 % 876).astype("<u2").tobytes())
        else:
            made.append((16 + values * 7 % 219).astype(np.uint8).tobytes())
    return made


def _frame(source: str, name: str, width: str, height: str, full: str) -> Any:
    """Return our frame of a format: `source` is WebCodecs' name of it, `name` FFmpeg's."""
    import ffwebcodecs

    w, h = int(width), int(height)
    is_yuv = source[0] in "IN"
    return ffwebcodecs.VideoFrame(
        b"".join(planes(name, w, h)),
        format=source,
        coded_width=w,
        coded_height=h,
        timestamp=0,
        color_space={"matrix": "bt709", "fullRange": full == "1"} if is_yuv else None,
    )


def _repeat(convert: Any, rounds: str) -> Result:
    convert()
    start = clock()
    for _ in range(int(rounds)):
        convert()
    return int(rounds), clock() - start


def copy_to(
    source: str, target: str, name: str, width: str, height: str, full: str, rounds: str
) -> Result:
    with _frame(source, name, width, height, full) as frame:
        pixels = bytearray(frame.allocation_size(format=target))
        return _repeat(lambda: frame.copy_to(pixels, format=target), rounds)


def shrink(
    source: str, name: str, width: str, height: str, full: str, size: str, rounds: str
) -> Result:
    import ffwebcodecs

    edge = int(size)

    def convert() -> None:
        made = ffwebcodecs.create_image_bitmap(
            frame, format="RGB", resize_width=edge, resize_height=edge
        )
        made.to_ndarray()
        made.close()

    with _frame(source, name, width, height, full) as frame:
        return _repeat(convert, rounds)


def _pyav_frame(name: str, width: str, height: str, full: str) -> Any:
    import av

    frame = av.VideoFrame(int(width), int(height), name)
    for plane, data in zip(frame.planes, planes(name, int(width), int(height)), strict=True):
        row = len(data) // plane.height
        padding = bytes(plane.line_size - row)
        rows = (data[at : at + row] for at in range(0, len(data), row))
        plane.update(b"".join(part + padding for part in rows))
    if name.startswith(("yuv", "nv")):
        frame.color_range, frame.colorspace = 2 if full == "1" else 1, 1
    return frame


def pyav_reformat(
    target: str, name: str, width: str, height: str, full: str, rounds: str
) -> Result:
    """Convert into a frame, which PyAV allocates; an array of it would be a copy more."""
    frame = _pyav_frame(name, width, height, full)
    return _repeat(lambda: frame.reformat(format=target), rounds)


def pyav_shrink(name: str, width: str, height: str, full: str, size: str, rounds: str) -> Result:
    frame, edge = _pyav_frame(name, width, height, full), int(size)
    return _repeat(lambda: frame.to_ndarray(format="rgb24", width=edge, height=edge), rounds)


OPENCV = {
    ("yuv420p", "rgba"): "COLOR_YUV2RGBA_I420",
    ("yuv420p", "rgb24"): "COLOR_YUV2RGB_I420",
    ("nv12", "rgba"): "COLOR_YUV2RGBA_NV12",
    ("nv12", "rgb24"): "COLOR_YUV2RGB_NV12",
    ("yuv444p", "rgb24"): "COLOR_YUV2RGB",
    ("gray", "rgba"): "COLOR_GRAY2RGBA",
    ("gray", "rgb24"): "COLOR_GRAY2RGB",
    ("rgba", "yuv420p"): "COLOR_RGBA2YUV_I420",
    ("rgb24", "yuv420p"): "COLOR_RGB2YUV_I420",
    ("bgra", "yuv420p"): "COLOR_BGRA2YUV_I420",
    ("rgba", "rgb24"): "COLOR_RGBA2RGB",
    ("rgb24", "gray"): "COLOR_RGB2GRAY",
}


def _opencv_array(name: str, width: int, height: int) -> Any:
    import numpy as np

    pixels = np.frombuffer(b"".join(planes(name, width, height)), np.uint8)
    shape: tuple[int, ...] = (height, width)
    if name in ("yuv420p", "nv12"):
        shape = (height * 3 // 2, width)
    elif name != "gray":  # OpenCV has three planes side by side only
        shape = (height, width, len(pixels) // (width * height))
    return pixels.reshape(shape)


def opencv_convert(target: str, name: str, width: str, height: str, rounds: str) -> Result:
    import cv2

    cv2.setNumThreads(1)
    array = _opencv_array(name, int(width), int(height))
    code = getattr(cv2, OPENCV[name, target])
    result = cv2.cvtColor(array, code)
    return _repeat(lambda: cv2.cvtColor(array, code, dst=result), rounds)


def opencv_shrink(width: str, height: str, size: str, rounds: str) -> Result:
    import cv2

    cv2.setNumThreads(1)
    array = _opencv_array("yuv420p", int(width), int(height))
    edge = int(size), int(size)
    pixels = cv2.cvtColor(array, cv2.COLOR_YUV2RGB_I420)
    result = cv2.resize(pixels, edge)

    def convert() -> None:
        cv2.cvtColor(array, cv2.COLOR_YUV2RGB_I420, dst=pixels)
        cv2.resize(pixels, edge, dst=result)

    return _repeat(convert, rounds)
