"""The blocks of code of the site's pages and the README: taken out, run in order, looked at.

Every ``python`` and ``bash`` block of a page is run, all of a page by one process, in a folder
where the clips lie that they name; a ``console`` block shows what was printed once. Comments beside
a block, unseen by readers, say what it needs:

``<!-- continues -->``
    before it: it goes on with the names of the block above, which it follows.
``<!-- first: code -->``, over several lines as well
    before it: this runs first, in the same program and language.
``<!-- then: code -->``
    after it: this runs next, with the block's names and what it has printed in ``printed``;
    ``ffwebcodecs`` and ``numpy`` as ``np`` are there.
``<!-- file: NAME = SOURCE -->``
    a file that it names, put there before it runs: a clip of tests/support/clips.py, real footage,
    a file of tests/data, or one of FILES, which need not be said if it has that name.
``<!-- raises: ERROR -->``
    it ends with this exception.
``<!-- process -->``
    it is run as a program of its own: what it starts imports it.
``<!-- needs: MODULE ... -->``
    it runs where these can be imported.
``<!-- run by: PATH -->``
    this file of tests runs it, and looks at it more closely.
``<!-- not run: REASON -->``
    it cannot run here, and REASON is one of REASONS.
"""

from __future__ import annotations

import ast
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from clips import BY_NAME, CACHE, DATA, ROOT, SUPPORT, clip, ffmpeg_version, real_clip, run_ffmpeg

DOCS = ROOT / "docs"
FILM = "h264-with-audio.mp4"
SECONDS = 240  # no page takes a tenth of it
# What a block may name without saying where it comes from: a source as in `file:`, or what the
# ffmpeg program is told to make. Those with a folder are sources only.
_FILM = ("-i", FILM)
_COPY = (*_FILM, "-c", "copy")
_PICTURE = (*_FILM, "-frames:v", "1", "-update", "1")
_LONG = ("-f", "lavfi", "-i", "testsrc2=size=160x120:rate=1:duration=100")
_LONG += (
    "-f",
    "lavfi",
    "-i",
    "sine=duration=100",
    "-pix_fmt",
    "yuv420p",
    "-g",
    "10",
    "-sc_threshold",
    "0",
)
FILES: dict[str, str | tuple[str, ...]] = {
    "clip.mp4": FILM,
    "film.mp4": FILM,
    "clip.mov": _COPY,
    "film.mov": _COPY,
    "clip.mkv": _COPY,
    "film.mkv": _COPY,
    "clip.ts": _COPY,
    "song.mp3": (*_FILM, "-vn"),
    "sound.wav": (*_FILM, "-vn"),
    "photo.jpg": _PICTURE,
    "picture.png": _PICTURE,
    "animation.gif": (*_FILM, "-frames:v", "10"),
    "animation.png": (*_FILM, "-frames:v", "10", "-f", "apng", "-plays", "0"),
    "made/long.mp4": _LONG,
    "made/long.ts": _LONG,
    "made/angles.mkv": (*_FILM, *_FILM, *("-map", "0", "-map", "1:v", "-c", "copy")),
}
REASONS = (
    "a damaged file",
    "a graphics card",
    "a network",
    "a notebook",
    "a piece of a program",
    "another library",
    "another system",
    "installs",
    "JavaScript",
    "minutes long",
)
# Languages of fences that hold no program: shown as they are.
SHOWN = ("text", "json", "javascript", "toml", "c", "dockerfile", "yaml", "html")

_FENCE = re.compile(r"^( *)(`{3,})([\w-]*)[^\n]*\n(.*?)^\1\2 *$", re.DOTALL | re.MULTILINE)
_COMMENT = re.compile(r"<!--(.*?)-->", re.DOTALL)
_SAID = re.compile(
    r"(continues|first|then|file|raises|process|needs|run by|not run)\b(?::\s?|\s*$)"
)


class Block:
    """One block of code of a page, with what is said of it."""

    def __init__(self, page: Path, line: int, language: str, code: str) -> None:
        self.page = page
        self.line = line
        self.language = language
        self.code = code
        self.said: dict[str, str] = {}
        self.files: dict[str, str] = {}
        self.first: list[str] = []
        self.then: list[str] = []

    @property
    def runs(self) -> bool:
        """Whether the block is run here."""
        left = {"not run", "run by"} & set(self.said)
        return self.language in ("python", "bash") and not left

    @property
    def is_looked_at(self) -> bool:
        """Whether somebody runs the block, or the page says why nobody does."""
        return self.runs or bool({"not run", "run by"} & set(self.said))

    def __repr__(self) -> str:
        return f"{self.page.relative_to(ROOT).as_posix()}:{self.line}"

    def hear(self, comment: str) -> None:
        """Take what a comment beside the block says."""
        comment = comment.strip()
        said = _SAID.match(comment)
        assert said is not None
        kind, rest = said[1], comment[said.end() :]
        if kind in ("first", "then"):
            (self.then if kind == "then" else self.first).append(rest.strip("\n"))
        elif kind == "file":
            name, _, source = rest.partition("=")
            self.files[name.strip()] = source.strip()
        else:
            self.said[kind] = rest.strip()


def pages() -> list[Path]:
    """Return the pages whose blocks run, the README first."""
    return [ROOT / "README.md", *sorted(DOCS.rglob("*.md"))]


def blocks(page: Path) -> list[Block]:
    """Return the blocks of a page in order, with what the comments beside them say."""
    text = page.read_text(encoding="utf-8")
    found: list[Block] = []
    end = 0
    for fence in _FENCE.finditer(text):
        line = text.count("\n", 0, fence.start()) + 1
        indent = len(fence[1])
        code = "".join(each[indent:] or "\n" for each in fence[4].splitlines(keepends=True))
        block = Block(page, line, fence[3], code)
        for comment, after in _comments(text[end : fence.start()]):
            (found[-1] if after else block).hear(comment)
        found.append(block)
        end = fence.end()
    for comment, _ in _comments(text[end:]):
        found[-1].hear(comment)
    return found


def _comments(between: str) -> Iterator[tuple[str, bool]]:
    """Yield the comments between two blocks, and whether each belongs to the block above it.

    A comment belongs to the block that it touches: only blank lines and comments lie between.
    """
    for match in _COMMENT.finditer(between):
        said = _SAID.match(match[1].strip())
        if said is None:
            continue  # a remark between writers
        after = said[1] == "then"
        beside = between[: match.start()] if after else between[match.end() :]
        if _COMMENT.sub("", beside).strip():
            raise ValueError(f"no block of code beside the comment {match[1].strip()!r}")
        yield match[1], after


def programs(page: Path) -> list[dict[str, Any]]:
    """Return what is to be run of a page, in order: a list that can be sent to another process."""
    found: list[dict[str, Any]] = []
    for block in blocks(page):
        if not block.runs:
            continue
        piece = {
            "line": block.line,
            "language": block.language,
            "code": block.code,
            "files": {name: str(source(place)) for name, place in block.files.items()},
            "first": "\n".join(block.first),
            "then": "\n".join(block.then),
            "raises": block.said.get("raises", ""),
            "needs": block.said.get("needs", "").split(),
        }
        if "continues" in block.said:
            found[-1]["pieces"].append(piece)
        else:
            found.append({"process": "process" in block.said, "pieces": [piece]})
    return found


def furnish(page: Path, folder: Path) -> None:
    """Put the files there that the blocks of a page name and say nothing else of."""
    for block in blocks(page):
        if block.runs:
            text = "\n".join([*block.first, block.code, *block.then])
            for name in named(text) - set(block.files):
                shutil.copy(source(name), folder / name)  # a block may write over it


def named(text: str) -> set[str]:
    """Return which of FILES a text names."""
    return {name for name in FILES if re.search(rf"\b{name}\b", text)}


def source(name: str) -> Path:
    """Return the file that a source names, made first if need be."""
    command = FILES.get(name, name)
    if isinstance(command, str):
        if command in BY_NAME:
            return clip(command)
        return DATA / command if (DATA / command).exists() else real_clip(command)
    key = hashlib.sha256(repr((command, ffmpeg_version())).encode()).hexdigest()[:10]
    made = CACHE / "clips" / f"page-{key}-{Path(name).name}"
    if not made.exists():
        making = made.with_name(f"making-{os.getpid()}-{made.name}")
        words = [clip(FILM) if word == FILM else word for word in command]
        run_ffmpeg("-y", *words, making)
        making.rename(made)
    return made


def run(page: Path, folder: Path) -> list[str]:
    """Run the blocks of a page in a folder; return what went wrong, each with its line."""
    furnish(page, folder)
    todo = programs(page)
    return execute(page, todo, folder) if todo else []


def execute(page: Path, todo: list[dict[str, Any]], folder: Path) -> list[str]:
    """Run programs in a process of their own; return what went wrong."""
    said = {"page": str(page), "programs": todo}
    paths = [str(ROOT), os.environ.get("PYTHONPATH", "")]
    done = subprocess.run(
        [sys.executable, str(SUPPORT / "page_child.py")],
        input=json.dumps(said),
        capture_output=True,
        text=True,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))},
        timeout=SECONDS,
    )
    if done.returncode:
        return [f"{page.name}: {done.stderr or done.stdout or done.returncode}"]
    answer: list[str] = ast.literal_eval(done.stdout.splitlines()[-1])
    return answer + ([f"{page.name}: {done.stderr}"] if done.stderr else [])
