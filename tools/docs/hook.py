"""What mkdocs asks while it builds the site: pages that are made, and links that leave docs/."""

from __future__ import annotations

from typing import Any

import commands
from mkdocs.structure.files import File, Files, InclusionLevel
from mkdocs.structure.pages import Page
from outside import Outside

COMMANDS = "command-line.md"

outside = Outside()


def on_files(files: Files, config: Any) -> Files:
    """Add the pages that no file under docs/ holds."""
    files.append(File.generated(config, COMMANDS, content=commands.page()))
    texts = {page.src_uri: page.content_string for page in files.documentation_pages()}
    for uri, text in outside.gather(texts).items():
        files.append(File.generated(config, uri, content=text, inclusion=InclusionLevel.NOT_IN_NAV))
    return files


def on_page_markdown(markdown: str, page: Page, **_: Any) -> str:
    """Lead links to files outside docs/ to their pages."""
    return outside.linked(markdown, page.file.src_uri)
