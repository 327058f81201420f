"""What mkdocs asks while it builds the site: pages that are made, and links that leave docs/."""

from __future__ import annotations

import re
from typing import Any

import commands
from mkdocs.structure.files import File, Files, InclusionLevel
from mkdocs.structure.pages import Page
from mkdocs.utils import get_relative_url
from outside import FOLDER, Outside
from texts import Texts

COMMANDS = "command-line.md"
# Docstrings name pages by their place in the repository.
PAGE = re.compile(r"(?:<code>)?\bdocs/([\w./-]+\.md)(?:</code>)?(?![^<]*</a>)")

_outside = Outside()
_texts = Texts()
_kept: dict[str, Any] = {}


def on_files(files: Files, config: Any) -> Files:
    """Add the pages that no file under docs/ holds."""
    files.append(File.generated(config, COMMANDS, content=commands.page()))
    texts = {page.src_uri: page.content_string for page in files.documentation_pages()}
    for uri, text in _outside.gather(texts).items():
        kind = InclusionLevel.NOT_IN_NAV
        files.append(File.generated(config, uri, content=text, inclusion=kind))
    return files


def on_nav(nav: Any, **_: Any) -> None:
    """Keep the navigation for llms.txt."""
    _kept["nav"] = nav


def on_page_markdown(markdown: str, page: Page, **_: Any) -> str:
    """Lead links to files outside docs/ to their pages, which a search finds last."""
    if page.file.src_uri.startswith(f"{FOLDER}/"):
        page.meta["search"] = {"boost": 0.1}
    text = _outside.linked(markdown, page.file.src_uri)
    _texts.keep(page.file.src_uri, text)
    return text


def on_page_content(html: str, page: Page, config: Any, files: Files) -> str:
    """Make links of the pages that docstrings name."""

    def lead(match: re.Match[str]) -> str:
        file = files.get_file_from_path(match[1])
        if file is None or file.page is None:
            return match[0]
        return f'<a href="{get_relative_url(file.url, page.url)}">{file.page.title}</a>'

    return PAGE.sub(lead, html) if page.file.src_uri.startswith("reference/") else html


def on_post_build(config: Any) -> None:
    """Write the site as plain text beside it."""
    _texts.write(config, _kept["nav"])
