"""Which kinds of images there are: their MIME types, and who reads them."""

from __future__ import annotations

from .avif import AvifScanner
from .bmp import BmpScanner
from .gif import GifScanner
from .jpeg import JpegScanner
from .jxl import JxlScanner
from .png import PngScanner
from .pnm import PnmScanner
from .qoi import QoiScanner
from .webp import WebpScanner
from .xbm import XbmScanner

TYPE_CHECKING = False  # typing's own costs an import
if TYPE_CHECKING:
    from .facts import ImageFacts
    from .scanning import Data, ImageScanner

_KINDS = {
    **dict.fromkeys(("image/png", "image/apng", "image/x-png"), "png"),
    **dict.fromkeys(("image/jpeg", "image/jpg", "image/pjpeg"), "jpeg"),
    "image/gif": "gif",
    "image/webp": "webp",
    "image/avif": "avif",
    "image/bmp": "bmp",
    "image/jxl": "jxl",
    "image/x-xbitmap": "xbm",
    # What no browser shows.
    "image/qoi": "qoi",
    **dict.fromkeys(
        (
            *("image/x-portable-anymap", "image/x-portable-bitmap", "image/x-portable-graymap"),
            *("image/x-portable-pixmap", "image/x-portable-arbitrarymap"),
        ),
        "pnm",
    ),
}


_SCANNERS: dict[str, type[ImageScanner]] = {
    each.kind: each
    for each in (
        *(AvifScanner, BmpScanner, GifScanner, JpegScanner),
        *(JxlScanner, PngScanner, PnmScanner, QoiScanner, WebpScanner, XbmScanner),
    )
}


def kind_of(type: str) -> str | None:
    """Return the kind of a MIME type, None if there is none; case does not count, parameters are
    not taken off.
    """
    return _KINDS.get(type.lower()) if type.isascii() else None


def scanner_of(kind: str) -> ImageScanner:
    """Return a new scanner of a kind."""
    return _SCANNERS[kind]()


def scan(kind: str, data: Data, complete: bool) -> ImageFacts | None:
    """Return what a file says, None if its tracks are not known yet; see `ImageScanner.scan`."""
    return scanner_of(kind).scan(data, complete)
