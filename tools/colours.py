"""Read and write a known colour in every kind of file, and print what readers see.

    make colours        rewrites the tables of docs/colour.md

The ffmpeg program makes the samples of (200, 50, 80) with a matrix that it is told.
"""

from __future__ import annotations

import os
import sys
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "colour.md"
SIZES = ("320x180", "1280x720")
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "support")]
os.environ.setdefault("FFWEBCODECS_CACHE", str(ROOT / ".cache"))


def read_rows() -> Iterator[str]:
    """Yield what is seen of files that say nothing."""
    from color_clips import READ, colored, pixel, their_pixel

    yield "| untagged file | size | matrix of the samples | ours | ffmpeg program |"
    yield "|---|---|---|---|---|"
    for name, size, matrix, _, options in READ:
        path = colored(name, size, matrix, *options)
        ours, space = pixel(path)
        theirs = their_pixel(path, "10:10")
        yield f"| {name} | {size} | {matrix} | {ours} as {space.matrix} | {theirs} |"


def written_rows(folder: Path) -> Iterator[str]:
    """Yield what is seen of files that are made of one tagged BT.709, limited range."""
    from color_clips import BT709_TAGS, LOSSLESS, WRITTEN, colored, pixel, their_pixel

    from ffwebcodecs import transcode

    yield "| written | codec | size | matrix | who says it | ours | ffmpeg program |"
    yield "|---|---|---|---|---|---|---|"
    for name, codec, _ in (*WRITTEN, ("a.ivf", "vp8", "libvpx")):
        for size in SIZES:
            tags = (*BT709_TAGS, "-color_range", "tv", "-frames:v", "1")
            source = colored("tagged.mp4", size, "bt709", *LOSSLESS, *tags)
            path = folder / f"{size}-{name}"
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                transcode(source, path, codec=codec)
            ours, space = pixel(path)
            row = [name, codec, size, space.matrix, _who(path), ours, their_pixel(path, "10:10")]
            yield f"| {' | '.join(map(str, row))} |"


def _who(path: Path) -> str:
    from ffwebcodecs import Demuxer

    with Demuxer(path) as demuxer:
        return "nobody: the rule" if "matrix" in demuxer.guessed_colors else "the file"


def main() -> None:
    """Rewrite the tables."""
    text = PAGE.read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory() as folder:
        for mark, rows in (("read", read_rows()), ("written", written_rows(Path(folder)))):
            begin, end = f"<!-- {mark}: begin -->\n", f"<!-- {mark}: end -->"
            before, rest = text.split(begin)
            _, after = rest.split(end)
            text = before + begin + "\n".join(rows) + "\n" + end + after
    PAGE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
