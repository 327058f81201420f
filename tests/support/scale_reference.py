"""Exact arithmetic for colour conversion, and images in memory that must not be left.

No number here comes from the package: floats, nearest-neighbour chroma, the published matrices and
curves.
"""

from __future__ import annotations

import ctypes
import mmap
import re
from collections.abc import Sequence

import numpy as np

from ffwebcodecs._av.scale.image import Image
from ffwebcodecs._ffi import ffi

PAGE = mmap.PAGESIZE
FILL = 0xEE
WEIGHTS = {"bt709": (0.2126, 0.0722), "smpte170m": (0.299, 0.114), "bt2020-ncl": (0.2627, 0.0593)}
ORDER = {
    "rgba": (0, 1, 2),
    "rgb0": (0, 1, 2),
    "rgb24": (0, 1, 2),
    "bgra": (2, 1, 0),
    "bgr0": (2, 1, 0),
    "bgr24": (2, 1, 0),
}
PACKED = tuple(ORDER)

YUV = [
    f"yuv{alpha}{chroma}p{depth}"
    for chroma in ("420", "422", "444")
    for alpha in ("", "a")
    for depth in ("", "10le", "12le")
    if (chroma, alpha, depth) != ("420", "a", "12le")
] + ["nv12"]


class Shape:
    """What a format name says."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.packed = name in PACKED
        deep = re.search(r"(\d+)le$", name)
        self.depth = 10 if name == "p010le" else int(deep[1]) if deep else 8
        self.shift = 6 if name == "p010le" else 0
        self.alpha = name.startswith("yuva") or name in ("rgba", "bgra", "gbrap")
        self.interleaved = name in ("nv12", "p010le")
        subs = {"420": (2, 2), "422": (2, 1), "411": (4, 1), "440": (1, 2), "410": (4, 4)}
        self.sub = (2, 2) if self.interleaved else subs.get(name[3:6].lstrip("a"), (1, 1))
        for key, value in subs.items():
            if name.startswith("yuv") and key in name:
                self.sub = value
        self.gray = name.startswith("gray")
        self.planar_rgb = name.startswith("gbr")
        self.element = 1 if self.depth == 8 else 2

    def planes(self, width: int, height: int) -> list[tuple[int, int]]:
        """Row bytes and rows of each plane."""
        if self.packed:
            return [(width * (3 if "24" in self.name else 4), height)]
        full = (width * self.element, height)
        if self.gray:
            return [full]
        if self.planar_rgb:
            return [full] * (4 if self.alpha else 3)
        sx, sy = self.sub
        cw, ch = -(-width // sx), -(-height // sy)
        if self.interleaved:
            return [full, (cw * 2 * self.element, ch)]
        small = (cw * self.element, ch)
        return [full, small, small] + ([full] if self.alpha else [])


class Memory:
    """Exactly `size` bytes, and an untouchable page right behind them, or right before them."""

    _libc = ctypes.CDLL(None, use_errno=True)

    def __init__(self, size: int, before: bool = False) -> None:
        whole = -(-size // PAGE) * PAGE
        self._map = mmap.mmap(-1, whole + 2 * PAGE)
        self._export = ctypes.c_char.from_buffer(self._map)
        start = ctypes.addressof(self._export)
        for page in (start, start + PAGE + whole):
            if self._libc.mprotect(ctypes.c_void_p(page), ctypes.c_size_t(PAGE), 0):
                raise OSError(ctypes.get_errno(), "mprotect")
        offset = PAGE if before else PAGE + whole - size
        self.address = start + offset
        self.bytes = np.frombuffer(self._map, np.uint8, size, offset)

    def close(self) -> None:
        """Make the pages ordinary again and let them go."""
        start = ctypes.addressof(self._export)
        self._libc.mprotect(ctypes.c_void_p(start), ctypes.c_size_t(len(self._map)), 3)


class Pixels:
    """An image in bytes of any stride and alignment, filled with 0xEE where no pixel is."""

    def __init__(
        self,
        name: str,
        width: int,
        height: int,
        pad: int = 0,
        guard: str | None = None,
        offset: int = 0,
    ) -> None:
        self.shape = Shape(name)
        self.width, self.height = width, height
        self.memory: list[np.ndarray] = []
        self.strides: list[int] = []
        self.addresses: list[int] = []
        self._guards: list[Memory] = []
        for row, rows in self.shape.planes(width, height):
            stride = row + pad
            # The last row ends with its last pixel: nothing behind it is ours.
            size = stride * (rows - 1) + row
            if guard:
                region = Memory(size, before=guard == "before")
                self._guards.append(region)
                memory, address = region.bytes, region.address
            else:
                whole = np.empty(size + offset + 64, np.uint8)
                whole[:] = FILL
                shift = -whole.ctypes.data % 64 + offset if offset else 0
                shift = min(shift, whole.size - size)
                memory = whole[shift : shift + size]
                address = memory.ctypes.data
            memory[:] = FILL
            self.memory.append(memory)
            self.addresses.append(address)
            self.strides.append(stride)

    def rows(self, plane: int) -> np.ndarray:
        """The pixel bytes of a plane, a writable view of (rows, row bytes)."""
        row, rows = self.shape.planes(self.width, self.height)[plane]
        return np.ndarray((rows, row), np.uint8, self.memory[plane], 0, (self.strides[plane], 1))

    def fill(self, content: str, seed: int = 1) -> Pixels:
        """Random samples over the whole range of codes, or gradients."""
        rng = np.random.default_rng(seed)
        top = (1 << self.shape.depth) - 1
        for plane in range(len(self.memory)):
            rows = self.rows(plane)
            count = (rows.shape[0], rows.shape[1] // self.shape.element)
            if content == "random":
                samples = rng.integers(0, top + 1, count)
            else:
                y, x = np.mgrid[: count[0], : count[1]]
                samples = (x * (3 + plane) + y * (5 - plane) + 40 * plane) * (top + 1) // 256 & top
            samples = samples << self.shape.shift
            self.set(plane, samples)
        return self

    def set(self, plane: int, samples: np.ndarray) -> None:
        """Write samples, little endian."""
        kind = "<u2" if self.shape.element == 2 else "u1"
        self.rows(plane)[:] = (
            np.ascontiguousarray(samples.astype(kind))
            .view(np.uint8)
            .reshape(self.rows(plane).shape)
        )

    def get(self, plane: int) -> np.ndarray:
        """Read the samples of a plane as integers."""
        kind = "<u2" if self.shape.element == 2 else "u1"
        return (
            np.ascontiguousarray(self.rows(plane)).view(kind).astype(np.int64) >> self.shape.shift
        )

    def padding_is_untouched(self) -> bool:
        """Tell whether every byte that is no pixel still has its filling."""
        for plane, memory in enumerate(self.memory):
            mask = np.ones(memory.size, bool)
            row, rows = self.shape.planes(self.width, self.height)[plane]
            np.ndarray((rows, row), bool, mask, 0, (self.strides[plane], 1))[:] = False
            if (memory[mask] != FILL).any():
                return False
        return True

    def yuv(self) -> list[np.ndarray]:
        """Y, U, V as integers, chroma as stored."""
        if self.shape.gray:
            luma = self.get(0)
            return [
                luma,
                np.full_like(luma, 1 << self.shape.depth - 1),
                np.full_like(luma, 1 << self.shape.depth - 1),
            ]
        if self.shape.interleaved:
            both = self.get(1)
            return [self.get(0), both[:, 0::2], both[:, 1::2]]
        return [self.get(plane) for plane in range(3)]

    def alpha(self) -> np.ndarray:
        """Alpha in the format's own depth; all opaque if there is none."""
        if not self.shape.alpha:
            return np.full((self.height, self.width), (1 << self.shape.depth) - 1)
        if self.shape.packed:
            return self.get(0).reshape(self.height, self.width, 4)[..., 3]
        return self.get(3)

    def rgb(self) -> np.ndarray:
        """The bytes of a packed format as (height, width, 3) in the order R, G, B."""
        if self.shape.planar_rgb:
            return np.stack([self.get(2), self.get(0), self.get(1)], -1)
        pixels = self.get(0).reshape(self.height, self.width, -1)
        return pixels[..., list(ORDER[self.shape.name])]

    def close(self) -> None:
        """Let go of guarded memory."""
        for guard in self._guards:
            guard.close()


def full_chroma(plane: np.ndarray, sub: Sequence[int], width: int, height: int) -> np.ndarray:
    """Nearest neighbour: the chroma of pixel (x, y) is at (x // sub_x, y // sub_y)."""
    return plane.repeat(sub[1], 0).repeat(sub[0], 1)[:height, :width]


def normalized(
    y: np.ndarray, u: np.ndarray, v: np.ndarray, depth: int, full: bool
) -> list[np.ndarray]:
    """Luma on 0..1 and chroma on -0.5..0.5."""
    one = 1 << depth - 8
    if full:
        top = (1 << depth) - 1
        return [y / top, (u - 128 * one) / top, (v - 128 * one) / top]
    return [
        (y - 16 * one) / (219 * one),
        (u - 128 * one) / (224 * one),
        (v - 128 * one) / (224 * one),
    ]


def to_rgb(pixels: Pixels, matrix: str, full: bool) -> np.ndarray:
    """What the pixels are in R'G'B' on 0..255: exact, rounded, clipped (rule a)."""
    shape = pixels.shape
    y, u, v = pixels.yuv()
    u = full_chroma(u, shape.sub, pixels.width, pixels.height)
    v = full_chroma(v, shape.sub, pixels.width, pixels.height)
    luma, cb, cr = normalized(y, u, v, shape.depth, full)
    red, blue = WEIGHTS[matrix]
    green = 1 - red - blue
    r = luma + 2 * (1 - red) * cr
    b = luma + 2 * (1 - blue) * cb
    g = luma - (2 * blue * (1 - blue) * cb + 2 * red * (1 - red) * cr) / green
    return np.clip(np.rint(np.stack([r, g, b], -1) * 255), 0, 255)


def to_yuv(
    rgb: np.ndarray, matrix: str, full: bool, depth: int, sub: Sequence[int]
) -> list[np.ndarray]:
    """Exact Y, Cb, Cr of R'G'B' on 0..255; chroma is the mean of the pixels that share it."""
    red, blue = WEIGHTS[matrix]
    r, g, b = (rgb[..., i] / 255 for i in range(3))
    luma = red * r + (1 - red - blue) * g + blue * b
    cb, cr = (b - luma) / (2 * (1 - blue)), (r - luma) / (2 * (1 - red))
    one, top = 1 << depth - 8, (1 << depth) - 1
    scale = [top, top] if full else [219 * one, 224 * one]
    y = luma * scale[0] + (0 if full else 16 * one)
    return [y, *(np.clip(box(c, sub) * scale[1] + 128 * one, 0, top) for c in (cb, cr))]


def box(plane: np.ndarray, sub: Sequence[int]) -> np.ndarray:
    """Mean over blocks; the last column and row are repeated where a block is not whole."""
    height, width = plane.shape
    plane = np.pad(plane, ((0, -height % sub[1]), (0, -width % sub[0])), mode="edge")
    return plane.reshape(plane.shape[0] // sub[1], sub[1], plane.shape[1] // sub[0], sub[0]).mean(
        (1, 3)
    )


def errors(got: np.ndarray, exact: np.ndarray) -> np.ndarray:
    """Largest absolute difference of each channel, where the exact value is known."""
    return np.nan_to_num(np.abs(got - exact)).reshape(-1, got.shape[-1]).max(0)


def image(
    pixels: Pixels,
    *,
    array: np.ndarray | None = None,
    pix_fmt: str | None = None,
    palette: np.ndarray | None = None,
    **tags: object,
) -> Image:
    """Describe pixels, or a whole array of their size, to `convert`."""
    addresses, strides = pixels.addresses, pixels.strides
    if array is not None:
        addresses, strides = [array.ctypes.data], [array.strides[0]]
        if palette is not None:
            addresses, strides = [*addresses, palette.ctypes.data], [*strides, 1024]
    planes = [ffi.cast("uint8_t *", address) for address in addresses]
    name = pix_fmt or pixels.shape.name
    return Image(planes, strides, name, pixels.width, pixels.height, **tags)  # type: ignore[arg-type]
