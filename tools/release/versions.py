"""The version of this project, and the two files that repeat it.

``ffwebcodecs/__init__.py`` has it, and the metadata of a build are read from there. CHANGELOG.md
names a version once it is out, CITATION.cff the one that is coming or out.

Usage: python tools/release/versions.py cut VERSION [--date YYYY-MM-DD]
Makes what is under "Unreleased" that version's.
"""

from __future__ import annotations

import argparse
import datetime
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
INIT = Path("ffwebcodecs", "__init__.py")
CHANGELOG, CITATION = Path("CHANGELOG.md"), Path("CITATION.cff")
IN_INIT = re.compile(r'^__version__ = "(.+)"$', re.MULTILINE)
IN_CITATION = re.compile(r"^version: (\S+)$", re.MULTILINE)
DATE_IN_CITATION = re.compile(r'^date-released: "?([\d-]+)"?\n?', re.MULTILINE)
RELEASED = re.compile(r"^## \[(?P<version>\d[^\]]*)\] - (?P<date>\d{4}-\d\d-\d\d)$", re.MULTILINE)
UNRELEASED = re.compile(r"^## \[Unreleased\]\n(?P<text>.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)


class VersionError(Exception):
    """The files say different things, or this cannot be released; the message says what."""


class State:
    """What the files below a folder say."""

    def __init__(self, root: Path = ROOT) -> None:
        self.version = one(IN_INIT, root / INIT)
        self.cited = one(IN_CITATION, root / CITATION)
        dated = DATE_IN_CITATION.search((root / CITATION).read_text(encoding="utf-8"))
        self.cited_date = dated[1] if dated else None
        changelog = (root / CHANGELOG).read_text(encoding="utf-8")
        self.released = dict(RELEASED.findall(changelog))
        unreleased = UNRELEASED.search(changelog)
        self.unreleased = unreleased["text"].strip() if unreleased else ""

    @property
    def date(self) -> str | None:
        """The date of this version in the changelog; None until it is cut."""
        return self.released.get(self.version)

    def check(self) -> None:
        """Raise VersionError if two of the files contradict each other."""
        if self.cited != self.version:
            raise VersionError(f"{CITATION} says {self.cited}, {INIT} {self.version}")
        if self.cited_date != self.date:
            raise VersionError(f"{CITATION} says {self.cited_date}, {CHANGELOG} {self.date}")
        if not self.unreleased and not self.date:
            raise VersionError(f"{CHANGELOG} has nothing to say about {self.version}")
        newer = [each for each in self.released if numbers(each) > numbers(self.version)]
        if newer:
            raise VersionError(f"{CHANGELOG} has {newer[0]} already, {INIT} {self.version}")

    def check_cut(self, tag: str) -> None:
        """Raise VersionError unless this is the release that a tag names."""
        self.check()
        if tag != f"v{self.version}":
            raise VersionError(f"the tag is {tag}, the version {self.version}")
        if not self.date or self.unreleased:
            raise VersionError(
                f"{CHANGELOG} has lines under Unreleased: make cut VERSION={self.version}"
            )


def numbers(version: str) -> tuple[int, ...]:
    """Return a version as numbers, for comparing."""
    return tuple(int(part) for part in re.findall(r"\d+", version))


def one(pattern: re.Pattern[str], path: Path) -> str:
    """Return what a pattern finds in a file, where it must be exactly once."""
    found = pattern.findall(path.read_text(encoding="utf-8"))
    if len(found) != 1:
        raise VersionError(f"{path} has {len(found)} lines like {pattern.pattern}; 1 is needed")
    return str(found[0])


def cut(root: Path, version: str, date: str) -> None:
    """Make what is under "Unreleased" this version's, in all three files or in none."""
    if not re.fullmatch(r"\d+\.\d+\.\d+", version):
        raise VersionError(f"the version is {version!r}; it has to be like 1.2.3")
    datetime.date.fromisoformat(date)
    state = State(root)
    for each, day in state.released.items():
        if numbers(each) >= numbers(version):
            raise VersionError(f"{CHANGELOG} has {each} of {day} already; {version} is not newer")
    if not state.unreleased:
        raise VersionError(f"{CHANGELOG} has nothing under Unreleased")
    texts = {
        path: (root / path).read_text(encoding="utf-8") for path in (INIT, CITATION, CHANGELOG)
    }
    texts[INIT] = IN_INIT.sub(f'__version__ = "{version}"', texts[INIT])
    citation = DATE_IN_CITATION.sub("", texts[CITATION])
    lines = f'version: {version}\ndate-released: "{date}"'
    texts[CITATION] = IN_CITATION.sub(lines, citation)
    heading = f"## [Unreleased]\n\n## [{version}] - {date}\n"
    texts[CHANGELOG] = texts[CHANGELOG].replace("## [Unreleased]\n", heading, 1)
    for path, text in texts.items():
        (root / path).write_text(text, encoding="utf-8")
    State(root).check()


def main() -> None:
    """Run from the command line."""
    today = datetime.datetime.now(datetime.timezone.utc).date().isoformat()
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("command", choices=["cut"])
    parser.add_argument("version")
    parser.add_argument("--date", default=today, help="of the release, default: today")
    options = parser.parse_args()
    try:
        cut(ROOT, options.version, options.date)
    except (VersionError, ValueError) as error:
        raise SystemExit(f"nothing was changed: {error}") from None
    print(f"{options.version} of {options.date}: look at the changes, commit and tag them")


if __name__ == "__main__":
    main()
