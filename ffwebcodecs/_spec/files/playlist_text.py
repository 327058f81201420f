"""What the text of a playlist names: HLS, DASH, and the scripts of FFmpeg's concat demuxer.

FFmpeg itself reads and follows the text. Here it is only looked at for what it must not have, and
where the two might read it differently, it is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..._later import pattern

_LINES = pattern(rb"[\r\n\0]")
_URI = pattern(rb'\bURI=(?:"((?:[^"\\]|\\.)*)|([^,"]+))')
_FOLLOWED = (b"#EXT-X-KEY:", b"#EXT-X-MAP:", b"#EXT-X-MEDIA:")
_SCHEME = pattern(r"[A-Za-z][A-Za-z0-9+.-]*[:,]")
_TEMPLATE = pattern(r"\$[^$]*\$")
_SPACES = b" \t\r\n"
HLS = b"#EXTM3U"
_WEB = pattern(r"https?://", re.IGNORECASE)
_FILLINGS = {
    "id": pattern(r"[A-Za-z0-9_+=-][A-Za-z0-9._+=-]*"),
    "bandwidth": pattern(r"[0-9]+"),
}
_DASH_NAMES = {"media", "initialization", "sourceurl"}
_DASH_TEXTS = {"baseurl", "location"}


def hls_lists(text: bytes) -> int:
    """Return how many other playlists an HLS playlist names: none, unless it is a master."""
    lines = _LINES.split(text)
    return sum(line.startswith((b"#EXT-X-STREAM-INF:", b"#EXT-X-MEDIA:")) for line in lines)


def hls_names(text: bytes) -> Iterator[str]:
    """Yield the names in an HLS playlist, as they stand there."""
    for line in _LINES.split(text):
        if not line.startswith(b"#"):
            if name := line.strip():
                yield _decode(name)
        elif line.startswith(_FOLLOWED):
            for found in _URI.finditer(line):
                yield _decode(re.sub(rb"\\(.)", rb"\1", found[1] or found[2] or b""))


def is_absolute(name: str) -> bool:
    """Return whether a name in a playlist is more than a path relative to it."""
    return name.startswith(("/", "\\")) or _SCHEME.match(name) is not None


def leaves(name: str) -> bool:
    """Return whether a relative name, or what a DASH template makes of it, may climb out."""
    steps = re.split(r"[/\\]", _TEMPLATE.sub("", name))
    return any(len(step) > 1 and not step.strip(".") for step in steps)


def dash_fault(text: bytes, *, web: bool) -> str | None:
    """Return what a DASH manifest has that one of relative names below its own folder has not.

    From the `web`, names that begin with ``http://`` or ``https://`` are in order, and climbing is.
    """
    elements, error = _elements(text)
    if error is not None:
        return error
    for tag, attributes, said in elements:
        names = [value for key, value in attributes.items() if key in _DASH_NAMES]
        if tag in _DASH_TEXTS:
            names.append(said)
        for name in map(str.strip, names):
            if web and _WEB.match(name):
                continue
            if is_absolute(name) or _hides_scheme(name) or (leaves(name) and not web):
                return f"the name {name!r}"
        if tag == "representation":  # what templates are filled with
            for key, rule in _FILLINGS.items():
                if key in attributes and not rule.fullmatch(attributes[key]):
                    return f"the {key} {attributes[key]!r}"
    return None


def dash_is_live(text: bytes) -> bool:
    """Return whether a DASH manifest is one that is read again and again."""
    elements, _ = _elements(text)
    return any(attributes.get("type", "static") != "static" for _, attributes, _ in elements)


def _hides_scheme(name: str) -> bool:
    """Return whether a colon comes before a path begins: a template may complete a protocol."""
    return re.match(r"[^/?#]*[:,]", name) is not None


def _elements(text: bytes) -> tuple[list[tuple[str, dict[str, str], str]], str | None]:
    """Return all elements (name, attributes, text) without prefixes, names in lower case, and what
    makes the document unreadable for that.
    """
    from xml.parsers import expat

    found: list[tuple[str, dict[str, str], str]] = []
    stack: list[tuple[str, dict[str, str], list[str]]] = []
    errors: list[str] = []

    def begin(tag: str, attributes: dict[str, str]) -> None:
        stack.append((_local(tag), {_local(key): attributes[key] for key in attributes}, []))

    def end(_: str) -> None:
        tag, attributes, said = stack.pop()
        found.append((tag, attributes, "".join(said)))

    def say(said: str) -> None:
        for _, _, pieces in stack[-2:]:  # the text of a child is its parent's too
            pieces.append(said)

    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = lambda *_: errors.append("a document type")
    parser.StartElementHandler, parser.EndElementHandler = begin, end
    parser.CharacterDataHandler = say
    try:
        parser.Parse(text.rstrip(b"\0"), True)
    except expat.ExpatError as error:
        errors.append(f"XML that is not well formed ({error})")
    return found, errors[0] if errors else None


def _local(name: str) -> str:
    return name.rpartition(":")[2].lower()


def concat_files(text: bytes) -> Iterator[str]:
    """Yield the files that a script of the concat demuxer names, and "" for each directive that
    sets an option.
    """
    for line in _LINES.split(text):
        words = line.strip(_SPACES).split(None, 1)
        if not words:
            continue
        if words[0] == b"option":
            yield ""
        elif words[0] == b"file":
            yield _decode(_token(words[1] if words[1:] else b""))


def _token(text: bytes) -> bytes:
    """Return the first token as ``av_get_token`` reads it: backslashes and quotes."""
    result, at, kept = bytearray(), 0, 0
    text = text.lstrip(b" \n\t\r")
    while at < len(text) and text[at] not in _SPACES:
        char = text[at : at + 1]
        at += 1
        if char == b"\\" and at < len(text):
            result += text[at : at + 1]
            at += 1
        elif char == b"'":
            end = text.find(b"'", at)
            end = len(text) if end < 0 else end
            result += text[at:end]
            at = end + 1
        else:
            result += char
            continue
        kept = len(result)
    return bytes(result[:kept] + result[kept:].rstrip(b" \n\t\r"))


def _decode(name: bytes) -> str:
    return name.decode("utf-8", "surrogateescape")
