"""Make segments of a film with a playlist for HLS: each is there as soon as it is complete.

Usage: python examples/segments.py IN FOLDER
"""

from __future__ import annotations

import sys
from pathlib import Path

import ffwebcodecs

SECONDS = 2.0


class Playlist:
    """`index.m3u8` in a folder, and the segments that it lists."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        head = "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-INDEPENDENT-SEGMENTS\n"
        self.text = f'{head}#EXT-X-TARGETDURATION:{SECONDS:.0f}\n#EXT-X-MAP:URI="init.mp4"\n'

    def add(self, data: bytes, info: ffwebcodecs.SegmentInfo) -> None:
        """Write a segment, then list it; `on_segment` of a conversion."""
        name = "init.mp4" if info.kind == "init" else f"seg{info.index}.m4s"
        (self.folder / name).write_bytes(data)
        if info.kind == "media":
            self.text += f"#EXTINF:{info.duration / 1e6:.6f},\n{name}\n"
            self.write(self.text)

    def write(self, text: str) -> None:
        """Replace the playlist at once: somebody may be reading it."""
        new = self.folder / "index.m3u8.part"
        new.write_text(text)
        new.replace(self.folder / "index.m3u8")

    def end(self) -> None:
        """Say that no more will come."""
        self.write(f"{self.text}#EXT-X-ENDLIST\n")


def main(source: str, folder: str) -> None:
    playlist = Playlist(Path(folder))
    playlist.folder.mkdir(parents=True, exist_ok=True)
    result = ffwebcodecs.transcode(
        source,
        playlist.folder / "whole.mp4",
        fragmented=True,
        fragment_duration=SECONDS,
        on_segment=playlist.add,
    )
    playlist.end()
    print(f"{playlist.folder / 'index.m3u8'}: {result.frames_written} frames")


if __name__ == "__main__":
    main(*sys.argv[1:3])
