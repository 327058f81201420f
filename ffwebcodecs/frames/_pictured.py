"""What frames and bitmaps become to be looked at: a picture file, and pixels on a screen."""

from __future__ import annotations

import os
from typing import BinaryIO

from ..errors import WebCodecsError
from ._surface import Surface

# Pixels a side.
_MOST_IN_NOTEBOOKS = 800
_MOST_ON_SCREENS = 16_384


class Pictured(Surface):
    """A surface that can be saved and shown."""

    __slots__ = ()

    def encode(
        self,
        format: str,
        *,
        quality: int | None = None,
        lossless: bool = False,
        background: str | None = None,
    ) -> bytes:
        """Return the visible picture as a PNG, JPEG or WebP file, in memory.

        Rotation and flip are applied, colours become sRGB. Pixels stay as many as they are, also
        those that are not square: `create_image_bitmap` scales them. PNG is exact in 8 bits, in
        16 where gray or RGB has more than 8, and has alpha where the picture has it. JPEG is 4:2:0,
        full-range BT.601 as JFIF has it; it has no alpha. WebP has alpha. The GIL is released while
        it is converted and compressed.

        Parameters
        ----------
        format : {"png", "jpeg", "webp"}
            ``"jpg"`` is ``"jpeg"``.
        quality : int, optional
            1 (smallest) to 100 (best), of JPEG and WebP, on the scales of libjpeg and libwebp,
            which Pillow and OpenCV use too; 92 and 80 by default. PNG has none.
        lossless : bool, optional
            WebP without loss (the colours of fully transparent pixels excepted).
        background : str, optional
            What transparent pixels lie on: ``"#RRGGBB"`` or one of HTML's names. Default: white
            for JPEG; PNG and WebP keep alpha.

        Returns
        -------
        bytes
            The whole file.

        Raises
        ------
        InvalidStateError
            It is closed.
        InvalidArgumentError
            `format` or `background` is unknown, `quality` is out of range or the format has none,
            or the picture is larger than the format can hold (WebP: 16383 pixels a side).
        NotSupportedError
            This FFmpeg has no encoder for it (WebP needs libwebp), or libswscale cannot convert
            the pixels.

        Examples
        --------
        >>> with next(read_frames("clip.mp4")) as frame:
        ...     jpeg = frame.encode("jpeg", quality=85)
        """
        from .._spec.frames.still import parse_still
        from ._still import encode_still

        asked = parse_still(format, quality, lossless, background)
        shape = self._shape
        return encode_still(self._open_picture(), shape, asked)

    def save(
        self,
        path: str | os.PathLike[str] | BinaryIO,
        *,
        format: str | None = None,
        quality: int | None = None,
        lossless: bool = False,
        background: str | None = None,
    ) -> None:
        """Write the visible picture to a PNG, JPEG or WebP file.

        The file appears under its name when it is complete; a file object gets all bytes at once,
        where it stands, and stays open.

        Parameters
        ----------
        path : path or writable binary file object
        format : {"png", "jpeg", "webp"}, optional
            Default: by the suffix of the name: .png, .jpg, .jpeg, .webp.
        quality, lossless, background
            As for `encode`.

        Raises
        ------
        InvalidStateError, InvalidArgumentError, NotSupportedError
            As `encode`; also if neither `format` nor a suffix says what to write, or the file
            object takes text or is closed. Nothing has been written.
        OSError
            The file cannot be written, or the file object does not take all bytes.
        """
        from ._still import StillFile, encode_still

        target = StillFile(path, format, quality, lossless, background)
        shape = self._shape
        target.write(encode_still(self._open_picture(), shape, target.still))

    def show(self) -> None:
        """Show the visible picture on the screen: in the notebook that runs, or in a viewer.

        It is upright and has the shape of its display size, so no picture is squeezed.

        The viewer is the system's (``xdg-open``, ``open`` or what Windows has for PNG), else one
        that is found on PATH. It gets a temporary file, which is removed a minute after the viewer
        has ended (Windows: by the system). This call does not wait until it is closed.

        Raises
        ------
        InvalidStateError
            It is closed.
        NotSupportedError
            No viewer is found, or none can show it, without a display for instance: use `save`.
        OSError
            The temporary file cannot be written.
        """
        from ._still import encode_shown
        from ._viewer import open_viewer, show_inline

        shape = self._shape
        picture = self._open_picture()
        if not show_inline(self):
            open_viewer(encode_shown(picture, shape, _MOST_ON_SCREENS))

    def _repr_png_(self) -> bytes | None:
        """Return a PNG for notebooks, 800 pixels a side at most; None if it is closed or cannot be
        converted.
        """
        shape, picture = self._shape, self._picture
        if picture is None:
            return None
        from ._still import encode_shown

        try:
            return encode_shown(picture, shape, _MOST_IN_NOTEBOOKS)
        except WebCodecsError:  # a notebook shows the `repr` then
            return None
