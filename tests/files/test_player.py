"""What a notebook shows of a conversion's result: the file in a player, and what it lacks."""

from __future__ import annotations

import base64
import io
import os
import pickle
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from clips import clip
from sound_clips import sound

from ffwebcodecs import TranscodeResult, read_frames, remux, transcode, write_frames

pytestmark = pytest.mark.once


class Page(HTMLParser):
    """What a browser makes of a piece of HTML: elements with attributes, and texts."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, Any]]] = []
        self.texts: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    @property
    def names(self) -> list[str]:
        return [tag for tag, _ in self.found if tag not in ("div", "ul", "li")]

    @property
    def source(self) -> str:
        return next(str(attributes["src"]) for _, attributes in self.found if "src" in attributes)


def result(path: object, **others: Any) -> TranscodeResult:
    said: dict[str, Any] = {"codec": "vp8", "encoder": "libvpx", "frames_read": 9, "seconds": 1.25}
    lists: dict[str, Any] = {"copied_streams": [], "dropped_streams": []}
    output = None if path is None else os.fspath(path)  # type: ignore[call-overload]
    return TranscodeResult(**{"frames_written": 9, **said, **lists, "output": output, **others})


@pytest.mark.parametrize("name", ["a.mp4", "a.webm", "a.mkv", "a.gif", "a.m4a"])
def test_a_small_file_is_in_the_player_itself(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    source = sound("aac.m4a") if name == "a.m4a" else clip("h264-bframes.mp4")
    done = remux(source, path) if name == "a.m4a" else transcode(source, path, stop=100_000)
    assert done.output == str(path)
    page = Page(done._repr_html_())
    assert page.names == [{"a.gif": "img", "a.m4a": "audio"}.get(name, "video")]
    head, _, data = page.source.partition(",")
    kinds = {".gif": "image/gif", ".m4a": "audio/mp4", ".mkv": "video/x-matroska"}
    assert head == f"data:{kinds.get(path.suffix, 'video/' + name[2:])};base64"
    assert base64.b64decode(data) == path.read_bytes()
    assert page.texts[0].startswith(f"{name}: ")
    assert pickle.loads(pickle.dumps(done)) == done


def test_frames_written_say_where_they_are_and_a_file_object_nowhere(tmp_path: Path) -> None:
    done = write_frames(read_frames(clip("h264-bframes.mp4"), stop=100_000), tmp_path / "a.mp4")
    assert done.output == str(tmp_path / "a.mp4")
    assert Page(done._repr_html_()).names == ["video"]
    done = remux(clip("h264-bframes.mp4"), io.BytesIO(), format="mp4")
    assert done.output is None
    assert Page(done._repr_html_()).names == []


def test_a_large_file_is_linked_from_the_notebooks_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    name = 'a:b "c" <i>&amp; 50%.webm'
    with open(name, "wb") as file:
        file.truncate((4 << 20) + 1)
    for path in (name, tmp_path / name):
        page = Page(result(path)._repr_html_())
        assert page.names == ["video"]
        assert page.source.startswith("./")
        assert unquote(page.source) == f"./{name}"
        assert page.texts[0] == f"{name}: 9 frames vp8, by libvpx in 1.2 s"
    os.truncate(name, 4 << 20)
    assert Page(result(name)._repr_html_()).source.startswith("data:video/webm;base64,")


def test_what_was_lost_is_text_whatever_it_holds() -> None:
    evil = "<script>alert(1)</script> & \"'"
    lost = {"lost": [evil], "shortfall": "half\udc80", "skipped_chunks": 3, "dropped_packets": 1}
    page = Page(result("gone <b>.mp4", copied_streams=[evil], **lost)._repr_html_())
    assert page.names == []  # no script, no bold, and no player of a file that is not there
    said = "".join(page.texts)
    assert said.count(evil) == 2
    assert "half?" in said and "3 chunks" in said and "1 damaged packets" in said
    said.encode()


@pytest.mark.parametrize("name", ["a.avi", "a.ts", "a.m3u8", "a"])
def test_what_no_browser_plays_is_told_only(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(b"anything")
    assert Page(result(tmp_path / name)._repr_html_()).names == []
