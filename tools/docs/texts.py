"""The site as plain text: llms.txt lists its pages, llms-full.txt holds them one after the other.

Each page is there as Markdown as well, at its own address with ``.md`` behind it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import griffe
from signatures import Signatures

ROOT = Path(__file__).resolve().parents[2]
OBJECT = re.compile(r"^::: ffwebcodecs\.(\w+)\n(?: +.*\n)*", re.MULTILINE)


class Texts:
    """The Markdown of the pages, as it is gathered while they are built."""

    def __init__(self) -> None:
        self._pages: dict[str, str] = {}
        self._package: griffe.Module | None = None

    def keep(self, uri: str, markdown: str) -> None:
        """Take a page as it is before it becomes HTML, without what only the tests read."""
        self._pages[uri] = re.sub(r"<!--.*?-->\n?", "", markdown, flags=re.DOTALL)

    def write(self, config: Any, nav: Any) -> None:
        """Write all files into the built site."""
        site = Path(config.site_dir)
        texts = {uri: OBJECT.sub(self._object, text) for uri, text in self._pages.items()}
        for uri, text in texts.items():
            path = site / uri
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        head = f"# {config.site_name}\n\n> {config.site_description}\n"
        listed = "\n".join([head, *_listing(nav.items, texts)])
        (site / "llms.txt").write_text(listed, encoding="utf-8")
        whole = [texts[page.file.src_uri] for page in nav.pages]
        (site / "llms-full.txt").write_text("\n\n".join([head, *whole]), encoding="utf-8")

    def _object(self, match: re.Match[str]) -> str:
        """Return what the reference says of a public name, as text."""
        if self._package is None:
            loaded = griffe.load(
                "ffwebcodecs",
                search_paths=[ROOT],
                allow_inspection=False,
                extensions=griffe.Extensions(Signatures()),
            )
            assert isinstance(loaded, griffe.Module)
            self._package = loaded
        made = self._package[match[1]]
        if made.is_module:
            return "".join(f"- `{name} = {_value(made[name])}`\n" for name in made.exports or ())
        lines = [f"## {match[1]}\n", *_said(made, match[1])]
        if made.is_class:
            for name, member in made.all_members.items():
                if not name.startswith("_") and member.has_docstring:
                    lines += [f"### {match[1]}.{name}\n", *_said(member, name)]
        return "\n".join(lines)


def _value(made: Any) -> str:
    """Return what a name of the types stands for."""
    made = made.final_target if made.is_alias else made
    if made.is_attribute:
        return " ".join(str(made.value).split())
    return " ".join(made.docstring.value.split()) if made.docstring else made.name


def _said(made: Any, name: str) -> Iterator[str]:
    """Yield how an object is called, and its docstring."""
    made = made.final_target if made.is_alias else made
    called = made.all_members.get("__init__") if made.is_class else made
    if called is not None and called.is_function:
        text = called.final_target.signature() if called.is_alias else called.signature()
        arguments = text.partition("(")[2]
        for implied in ("self, ", "cls, ", "self", "cls"):
            arguments = arguments.removeprefix(implied)
        yield f"`{name}({arguments}`\n"
    elif made.is_attribute and made.annotation:
        yield f"`{name}: {made.annotation}`\n"
    if made.docstring:
        yield f"{made.docstring.value}\n"


def _listing(items: Any, texts: dict[str, str], title: str = "Pages") -> Iterator[str]:
    """Yield a section for each part of the navigation, and a line for each of its pages."""
    pages = [item for item in items if item.is_page]
    if pages:
        yield f"## {title}\n"
        for page in pages:
            uri = page.file.src_uri
            yield f"- [{page.title}]({uri}): {_first_sentence(texts[uri])}"
        yield ""
    for item in items:
        if item.is_section:
            yield from _listing(item.children, texts, item.title)


def _first_sentence(text: str) -> str:
    """Return the first sentence that a page says in plain words."""
    parts = re.split(r"\n\s*\n", re.sub(r"(?s)```.*?```", "", text))
    plain = [re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", " ".join(part.split())) for part in parts]
    for begins in (r"[A-Z`]", r"\w"):
        for part in plain:
            if re.match(begins, part):
                return re.split(r"(?<=[.!?:])\s", part)[0].replace("**", "").removesuffix(":")
    return ""
