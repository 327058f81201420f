"""Pages for what docs/ links to outside itself: the changelog, the examples, sources.

A link such as ``../examples/service.py`` works where the repository is read; on the site it leads
to a page that shows the file, made when something links to it.
"""

from __future__ import annotations

import posixpath
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DOCS = "docs"
FOLDER = "source"
LINK = re.compile(r"(!?\[[^\]]*\])\(([^)\s#]+)(#[^)\s]*)?\)")
LANGUAGES = {
    ".py": "python",
    ".sh": "bash",
    ".c": "c",
    ".h": "c",
    ".toml": "toml",
    ".json": "json",
    ".yml": "yaml",
}


class Outside:
    """The files outside docs/ that the site shows, by the address of their pages."""

    def __init__(self) -> None:
        self.pages: dict[str, Path] = {}

    def gather(self, texts: dict[str, str]) -> dict[str, str]:
        """Return the pages that are needed, as Markdown, by their addresses in docs/."""
        self.pages.clear()
        made: dict[str, str] = {}
        waiting = dict(texts)
        while waiting:
            uri, text = waiting.popitem()
            for target in self._targets(uri, text):
                address = address_of(target)
                if address not in made:
                    self.pages[address] = target
                    made[address] = page_of(target)
                    waiting[address] = made[address]
        return made

    def linked(self, text: str, uri: str) -> str:
        """Return a page's text with links that lead to the pages of files outside."""

        def lead(match: re.Match[str]) -> str:
            target = target_of(uri, match[2])
            if target is None:
                return match[0]
            address = posixpath.relpath(address_of(target), posixpath.dirname(uri) or ".")
            return f"{match[1]}({address}{match[3] or ''})"

        return "".join(part if fenced else LINK.sub(lead, part) for part, fenced in _parts(text))

    def _targets(self, uri: str, text: str) -> list[Path]:
        found = []
        for part, fenced in _parts(text):
            if not fenced:
                targets = (target_of(uri, match[2]) for match in LINK.finditer(part))
                found += [each for each in targets if each and each.parts[0] != DOCS]
        return found


def target_of(uri: str, link: str) -> Path | None:
    """Return the file of the repository that a link leads to, None where mkdocs leads it itself."""
    inside = not uri.startswith(f"{FOLDER}/")
    if re.match(r"[a-z]+:", link):
        return None
    base = Path(DOCS, uri) if inside else _origin(uri)
    path = Path(posixpath.normpath((base.parent / link).as_posix()))
    if path.parts[:1] == ("..",) or not (ROOT / path).exists():
        return None
    return None if inside and path.parts[:1] == (DOCS,) else path


def _origin(uri: str) -> Path:
    """Return the file that a page under source/ shows."""
    shown = uri.removeprefix(f"{FOLDER}/")
    paths = (Path(shown), Path(shown.removesuffix(".md")))
    return next(path for path in paths if (ROOT / path).exists())


def address_of(path: Path) -> str:
    """Return where a file's page lies on the site, as seen from docs/."""
    if path.parts[0] == DOCS:
        return "/".join(path.parts[1:]) or "index.md"
    return f"{FOLDER}/{path.as_posix()}" + ("" if path.suffix == ".md" else ".md")


def page_of(path: Path) -> str:
    """Return the page that shows a file or the files of a folder."""
    whole = ROOT / path
    if whole.is_dir():
        files = [each.name for each in whole.iterdir() if each.suffix in LANGUAGES]
        links = (f"* [{name}]({path.name}/{name})" for name in sorted(files))
        return "\n".join([f"# {path}/\n", *links, ""])
    text = whole.read_text(encoding="utf-8")
    if path.suffix == ".md":
        return text
    fence = "`" * max([3, *(len(run) + 1 for run in re.findall(r"`+", text))])
    return f"# {path.as_posix()}\n\n{fence}{LANGUAGES.get(path.suffix, 'text')}\n{text}{fence}\n"


def _parts(text: str) -> list[tuple[str, bool]]:
    """Split a page into what is code in a fence, and what is not."""
    pieces = re.split(r"(^ *(```+).*?^ *\2 *$)", text, flags=re.DOTALL | re.MULTILINE)
    return [(piece, index % 3 == 1) for index, piece in enumerate(pieces) if index % 3 != 2]
