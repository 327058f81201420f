"""Segments as `on_segment` gives them, and what ffprobe and the ffmpeg program say of each."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

from clips import ffprobe_program
from mux_helpers import Packet, packet_of

Span = tuple[int, int]  # begin and end, microseconds


class Segments:
    """Collects the segments of one output."""

    def __init__(self) -> None:
        self.init = b""
        self.media: list[bytes] = []
        self.infos: list[Any] = []
        self.mime_types: set[str] = set()

    def take(self, data: bytes, info: Any) -> None:
        """What `on_segment` is."""
        assert type(data) is bytes
        self.mime_types.add(info.mime_type)
        if info.kind == "init":
            assert not self.media, "the init segment comes first"
            self.init += data
            return
        assert info.kind == "media"
        self.media.append(data)
        self.infos.append(info)

    def written(self, folder: Path, suffix: str) -> list[Path]:
        """Write each one as a file that begins with the init segment."""
        paths = []
        for number, data in enumerate(self.media):
            path = folder / f"{number}{suffix}"
            path.write_bytes(self.init + data)
            paths.append(path)
        return paths


class Looked:
    """What ffprobe says of a file, asked once.

    Attributes
    ----------
    packets : dict
        A list of packets for "video" and for "audio", as `mux_helpers.packets` has them.
    decoded : int
        How many pictures could be decoded.
    said : str
        What is wrong with it.
    """

    def __init__(self, path: Path) -> None:
        command = (
            *(ffprobe_program(), "-loglevel", "error", "-of", "json", "-count_frames"),
            *("-show_packets", "-show_streams", "-show_data_hash", "md5", str(path)),
        )
        done = subprocess.run(command, capture_output=True, check=True)
        found = json.loads(done.stdout)
        self.said = done.stderr.decode()
        self.packets: dict[str, list[Packet]] = {"video": [], "audio": []}
        for packet in found["packets"]:
            self.packets[packet["codec_type"]].append(packet_of(packet))
        pictures = [one for one in found["streams"] if one["codec_type"] == "video"]
        self.decoded = sum(int(one.get("nb_read_frames", 0)) for one in pictures)

    def heard(self, kind: str) -> Span:
        """Return the same, without what comes before the beginning for decoders."""
        begin, end = self.span(kind)
        return max(begin, 0), end

    def span(self, kind: str) -> Span:
        """Return when the packets of a kind are shown or heard."""
        found = self.packets[kind]
        times = [(one.pts, one.pts + (one.duration or 0)) for one in found if one.pts is not None]
        return min(times)[0], max(end for _, end in times)
