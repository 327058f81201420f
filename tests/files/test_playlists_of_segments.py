"""What `on_segment` gives is a stream for HLS and DASH: the ffmpeg program plays it."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from clips import ROOT, framemd5, run_ffmpeg
from convert_helpers import film
from mux_helpers import packets

from ffwebcodecs import remux

pytestmark = pytest.mark.once
TRACKS: dict[str, Any] = {"video.mp4": {"audio": False}, "sound.m4a": {}}


def example() -> ModuleType:
    spec = importlib.util.spec_from_file_location("segments_example", ROOT / "examples/segments.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def dash_example() -> dict[str, Any]:
    """Return what the code of docs/streams.md defines."""
    page = (ROOT / "docs" / "streams.md").read_text(encoding="utf-8")
    [code] = re.findall(r"^```python\n(import ffwebcodecs\n\ndef track.*?)^```", page, re.M | re.S)
    names: dict[str, Any] = {}
    exec(code.partition('\nwith open("index.mpd"')[0], names)
    return names


def test_a_playlist_of_hls_can_be_played_at_all_times(tmp_path: Path) -> None:
    playlist = example().Playlist(tmp_path)
    index, now = tmp_path / "index.m3u8", tmp_path / "now.m3u8"
    so_far = []

    def add(data: bytes, info: Any) -> None:
        playlist.add(data, info)
        if info.index == 2:
            # A player would wait for more, where the end is not said.
            now.write_text(f"{index.read_text()}#EXT-X-ENDLIST\n")
            so_far.append(len(packets(now)))

    whole = tmp_path / "whole.mp4"
    remux(film(), whole, fragmented=True, fragment_duration=1.0, on_segment=add)
    playlist.end()
    assert so_far == [50]
    assert sum(map(float, re.findall(r"#EXTINF:([\d.]+)", index.read_text()))) == 3.0
    for stream in ("v:0", "a:0"):
        assert [one[:3] for one in packets(index, stream)] == [
            one[:3] for one in packets(whole, stream)
        ]
    assert [one.digest for one in framemd5(index)] == [one.digest for one in framemd5(whole)]


def test_a_manifest_of_dash_plays_picture_and_sound(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if b" dash " not in run_ffmpeg("-demuxers"):
        pytest.skip("this ffmpeg program reads no DASH")
    monkeypatch.chdir(tmp_path)
    names = dash_example()
    tracks = [names["track"](name, film(), **more) for name, more in TRACKS.items()]
    index = tmp_path / "index.mpd"
    index.write_text(names["manifest"](tracks))
    assert [one.digest for one in framemd5(index)] == [
        one.digest for one in framemd5(tmp_path / "video.mp4")
    ]
    assert [one.digest for one in packets(index, "a:0")] == [
        one.digest for one in packets(tmp_path / "sound.m4a", "a:0")
    ]
