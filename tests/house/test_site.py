"""The site builds without a warning, needs no network, and names all that the package has."""

from __future__ import annotations

import contextlib
import html
import io
import json
import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import numpy as np
import pytest
from clips import ROOT, clip
from PIL import Image

import ffwebcodecs
from ffwebcodecs.cli import main

NAMES = [name for name in ffwebcodecs.__all__ if not name.startswith("_")]
REFERENCE = ROOT / "docs" / "reference"
SECTION = re.compile(
    r"^( *)(?:Parameters|Attributes)\n *-+\n(.*?)(?=^ *\w+\n *---|\Z)", re.DOTALL | re.MULTILINE
)
HELP = re.compile(r"^  (\S.*?)(?: {2,}|\n {10,})(\S.*)$", re.MULTILINE)
COMMANDS = ["info", "probe", "check", "index", "transcode", "remux", "frames", "images", "sheet"]
COMMANDS += ["convert"]


class Page(HTMLParser):
    """What a page loads, which anchors it has, and where it leads."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.loaded: list[str] = []
        self.links: set[str] = set()
        self.anchors: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = dict(attrs)
        self.anchors.add(said.get("id") or "")
        if tag == "a":
            self.anchors.add(said.get("name") or "")
            self.links.add(said.get("href") or "")
        if tag == "link" and said.get("rel") in ("canonical", "next", "prev"):
            return
        place = said.get("href") if tag == "link" else said.get("src")
        if place:
            self.loaded.append(place)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of the site, built strictly: warnings of links and anchors are errors."""
    for module in ("mkdocs", "material", "mkdocstrings"):
        pytest.importorskip(module, reason="tools/install.sh fetches it")
    folder = tmp_path_factory.mktemp("built") / "site"
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", folder],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.mark.slow
def test_the_site_builds_strictly_and_loads_nothing_from_elsewhere(site: Path) -> None:
    pages = {path: Page(path.read_text(encoding="utf-8")) for path in site.rglob("*.html")}
    assert len(pages) > 40
    elsewhere = {
        f"{path.relative_to(site)}: {place}"
        for path, page in pages.items()
        for place in page.loaded
        if re.match(r"(https?:)?//", place)
    }
    assert not elsewhere
    sheets = "".join(path.read_text(encoding="utf-8") for path in site.rglob("*.css"))
    assert not re.findall(r"url\(['\"]?(?:https?:)?//", sheets)


@pytest.mark.slow
def test_every_link_leads_to_a_page_and_an_anchor_that_are_there(site: Path) -> None:
    pages = {path: Page(path.read_text(encoding="utf-8")) for path in site.rglob("*.html")}
    checked, wrong = 0, []
    for path, page in pages.items():
        for link in page.links:
            place, _, anchor = unquote(link).partition("#")
            if re.match(r"[a-z]+:|/", place) or path.name == "404.html":
                continue
            checked += 1
            target = Path(os.path.normpath(path.parent / place)) if place else path
            target = target / "index.html" if target.is_dir() else target
            if not target.exists() or (anchor and anchor not in pages[target].anchors | {"__top"}):
                wrong.append(f"{path.relative_to(site)}: {link}")
    assert not wrong
    assert checked > 2000


@pytest.mark.slow
def test_every_public_name_has_an_anchor(site: Path) -> None:
    anchors: set[str] = set()
    for path in (site / "reference").rglob("*.html"):
        anchors |= Page(path.read_text(encoding="utf-8")).anchors
    assert not [name for name in NAMES if f"ffwebcodecs.{name}" not in anchors]
    assert "ffwebcodecs.VideoFrame.to_ndarray" in anchors
    assert not [each for each in anchors if re.search(r"\._[a-z]", each)]


@pytest.mark.slow
def test_search_finds_names_and_flags_and_programs_last(site: Path) -> None:
    index = (site / "search" / "search_index.json").read_text(encoding="utf-8")
    for word in ("create_image_bitmap", "--require-all", "FramePoolExhaustedError"):
        assert word in index
    entries = json.loads(index)["docs"]
    sources = [each for each in entries if each["location"].startswith("source/")]
    assert sources and len(sources) < len(entries) / 2
    assert {each.get("boost", 1) < 1 for each in sources} == {True}


@pytest.mark.slow
def test_llms_txt_lists_every_page_and_has_its_text(site: Path) -> None:
    listed = (site / "llms.txt").read_text(encoding="utf-8")
    whole = (site / "llms-full.txt").read_text(encoding="utf-8")
    config = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    pages = re.findall(r"[\w./-]+\.md", config.partition("\nnav:")[2])
    assert len(pages) > 30
    assert listed.startswith("# ffwebcodecs\n\n> ")
    assert sorted(re.findall(r"\]\(([^)]*)\): \S", listed)) == sorted(pages)
    for page in pages:
        text = (site / page).read_text(encoding="utf-8")
        assert text.strip() in whole
        assert "<!--" not in text
    assert "`at(time: " in whole
    assert "- `FrameChoice = Literal['shown', 'nearest', 'exact']`\n" in whole
    assert [name for name in NAMES if f"## {name}\n" in whole] == NAMES


def test_the_reference_names_every_public_name_once() -> None:
    text = "".join(path.read_text(encoding="utf-8") for path in REFERENCE.glob("*.md"))
    named = re.findall(r"^::: ffwebcodecs\.(\w+)$", text, re.MULTILINE)
    assert sorted(named) == sorted([*NAMES, "typing"])


@pytest.mark.parametrize("command", COMMANDS)
def test_the_page_of_the_command_line_has_what_help_says(
    command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    sections = dict(re.findall(r"^## (\w+)\n(.*?)(?=^## |\Z)", page(), re.DOTALL | re.MULTILINE))
    plain = html.unescape(sections[command].replace("\\|", "|"))
    listed = re.findall(HELP, said(monkeypatch, command))
    assert listed.pop([name for name, _ in listed].index("-h, --help"))
    rows = [row.split(" | ") for row in re.findall(r"^\| (`.*) \|$", plain, re.MULTILINE)]
    found = {row[0].strip("`"): row[-1] for row in rows}
    assert found == {name: " ".join(text.split()) for name, text in listed}


def test_the_page_of_the_command_line_has_every_command(monkeypatch: pytest.MonkeyPatch) -> None:
    assert re.findall(r"^    ([a-z]+)(?: {2,}|\n)", said(monkeypatch), re.MULTILINE) == COMMANDS
    assert re.findall(r"^## ([a-z]+)$", page(), re.MULTILINE) == COMMANDS
    assert "130" in page().partition("## Exit status")[2]


def said(monkeypatch: pytest.MonkeyPatch, *command: str) -> str:
    """Return what --help says, in lines that are as long as they like."""
    monkeypatch.setenv("COLUMNS", "2000")
    shown = io.StringIO()
    with contextlib.redirect_stdout(shown):
        assert main([*command, "--help"]) == 0
    return shown.getvalue()


def page() -> str:
    """Return the page of the command line, as the hook of the site makes it."""
    sys.path.insert(0, str(ROOT / "tools" / "docs"))
    try:
        import commands
    finally:
        sys.path.pop(0)
    text: str = commands.page()
    return text


def test_every_public_name_and_member_has_a_docstring() -> None:
    griffe: Any = pytest.importorskip("griffe", reason="tools/install.sh fetches it")
    extension = griffe.load_extensions(str(ROOT / "tools" / "docs" / "signatures.py"))
    package = griffe.load(
        "ffwebcodecs", search_paths=[ROOT], allow_inspection=False, extensions=extension
    )
    missing, seen = [], 0
    for name in NAMES:
        made = package[name].final_target
        missing += [name] if not made.has_docstring else []
        for member, found in made.all_members.items() if made.is_class else ():
            if not member.startswith("_"):
                seen += 1
                if not found.has_docstring and member not in described(name):
                    missing.append(f"{name}.{member}")
    assert not missing
    assert seen > 400


def described(name: str) -> set[str]:
    """Return what a class's docstring, or one that it inherits, says of members and parameters."""
    names: set[str] = set()
    for each in getattr(ffwebcodecs, name).__mro__:
        for _, text in SECTION.findall(each.__doc__ or ""):
            for line in re.findall(r"^ *([\w*, ]+?)(?: : .*)?$", text, re.MULTILINE):
                names |= {word.strip(" *") for word in line.split(",")}
    return names


@pytest.mark.slow
def test_the_pictures_of_the_guides_are_made_by_the_code(tmp_path: Path) -> None:
    shown = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "docs").rglob("*.md"))
    made = ROOT / "tools" / "docs" / "pictures.py"
    film = clip("h264-with-audio.mp4")
    done = subprocess.run(
        [sys.executable, made, film, tmp_path],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert done.returncode == 0, done.stderr
    for name in ("strip.jpg", "fits.jpg"):
        assert f"({name})" in shown
        with Image.open(tmp_path / name) as picture, Image.open(ROOT / "docs" / name) as there:
            assert picture.format == there.format == "JPEG"
            assert np.asarray(picture).std() > 20  # something is seen
            if name == "fits.jpg":
                assert picture.size == there.size
    assert set(re.findall(r"!\[[^\]]*\]\(([\w./-]+)\)", shown)) <= {
        *("strip.jpg", "fits.jpg", "sheet.jpg", "ownership.svg")
    }


def test_what_builds_the_site_is_asked_for_in_one_way() -> None:
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    [extra] = re.findall(r"^docs = \[(.*)\]$", project, re.MULTILINE)
    install = (ROOT / "tools" / "install.sh").read_text(encoding="utf-8")
    wanted = [each for each in re.findall(r'"(.*?)"', extra) if not each.startswith("ruff")]
    assert " ".join(wanted) in install
