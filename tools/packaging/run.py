"""Try every way to install ffwebcodecs, each in a clean folder. `make packaging`.

Usage: python tools/packaging/run.py [--docs FILE] [--cache FOLDER] [--only WORD]
One line for each cell, with what was really checked; exit status 1 if one failed.
"""

from __future__ import annotations

import argparse
import datetime
import hashlib
import os
import platform
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import debian
from places import DEPENDENCIES, HERE, CellError, NotTriedError, Place, run
from pythons import WANTED, Python, find
from wheels import Built

FRAMES = 30
WITHOUT = {
    "headers": "without headers",
    "compiler": "without compiler",
    "ffmpeg": "without FFmpeg",
}


def make_clip(folder: Path) -> list[str]:
    """Make a clip with the ffmpeg program; return it, its length and the MD5 of its pictures."""
    clip = folder / "clip.mp4"
    source = f"testsrc2=size=320x240:rate=30:duration={FRAMES / 30}"
    ffmpeg = ["ffmpeg", "-v", "error", "-y"]
    run([*ffmpeg, "-f", "lavfi", "-i", source, "-pix_fmt", "yuv420p", "-g", "10", str(clip)])
    run([*ffmpeg, "-i", str(clip), "-f", "rawvideo", str(folder / "clip.yuv")])
    pixels = (folder / "clip.yuv").read_bytes()
    return [str(clip), str(len(pixels) // (320 * 240 * 3 // 2)), hashlib.md5(pixels).hexdigest()]


class Session:
    """The cells, and what came of them."""

    def __init__(self, options: argparse.Namespace, folder: Path) -> None:
        self.options = options
        self.folder = folder
        self.rows: list[tuple[str, str, str]] = []
        self.clip = make_clip(folder)
        shutil.copy(HERE / "check.py", folder)
        self.count = 0

    def cell(self, name: str, action: Callable[[], str], needed: bool = False) -> None:
        """Try one cell and print its line."""
        if self.options.only and self.options.only not in name and not needed:
            return
        start = time.monotonic()
        try:
            state, text = "ok", action()
        except NotTriedError as reason:
            state, text = "not tried", str(reason)
        except (CellError, OSError, AssertionError, ValueError) as error:
            state, text = "FAILED", str(error)
        self.rows.append((name, state, text))
        seconds = time.monotonic() - start
        print(f"{state:<9} {name:<44} {text}  ({seconds:.0f} s)", flush=True)

    def place(self, python: str, dependencies: bool = True) -> Place:
        """Give a fresh environment with what ffwebcodecs depends on."""
        self.count += 1
        place = Place(python, self.folder / f"environment-{self.count}")
        if dependencies:
            place.pip("install", "--quiet", *DEPENDENCIES)
        return place

    # ---- the ways to install, with the Python that runs this ------------------------------------

    def from_source(self, built: Built, without: str = "", editable: bool = False) -> str:
        """Run `pip install .`, here or on this machine without something."""
        around = missing(without)
        place = self.place(sys.executable)
        source = self.folder / f"source-{self.count}"
        shutil.copytree(built.source, source)
        mode = "abi" if without in ("headers", "compiler") else "api"
        if without == "ffmpeg":
            mode = "without"
        place.install(*(["--editable"] if editable else []), str(source), around=around)
        if editable:
            home = "import ffwebcodecs, pathlib; print(pathlib.Path(ffwebcodecs.__file__).parent)"
            if run([place.python, "-c", home]).strip() != str(source / "ffwebcodecs"):
                raise CellError("the editable package is not the source's")
        # What was built without a compiler runs where there is one no better and no worse.
        text = place.check(self.clip, mode, around)
        if mode == "api":
            place.check(self.clip, "abi")
        place.uninstall()
        return text

    def wheel_without_ffmpeg(self, wheel: Path) -> str:
        """Install a wheel where there is no FFmpeg."""
        around = missing("ffmpeg")
        place = self.place(sys.executable)
        place.install(str(wheel), around=around)
        return place.check(self.clip, "without", around)

    # ---- every Python ---------------------------------------------------------------------------

    def on_python(self, python: Python, built: Built, mode: str) -> str:
        """Install a wheel, or where the ABI is another the sdist, with one Python."""
        own_abi = python.name.endswith("t") or python.name.startswith("PyPy")
        try:
            place = self.place(python.path)
        except CellError as error:
            raise NotTriedError(
                f"{python.version}: {' and '.join(DEPENDENCIES)} cannot be had: {last(error)}"
            ) from None
        if mode == "api" and own_abi:
            place.install(str(built.sdist), FFWEBCODECS_BUILD="api")
        else:
            place.install(str(built.pure if mode == "abi" else built.api))
        text = place.check(self.clip, mode)
        if mode == "api":
            place.check(self.clip, "abi")
        if python.name.endswith("t"):
            text += ", " + run([place.python, str(HERE / "parallel.py")]).strip()
        place.uninstall()
        return f"{python.version}: {text}"


def last(error: Exception) -> str:
    """Return the last line of an error."""
    return str(error).strip().splitlines()[-1]


def missing(what: str) -> list[str]:
    """Return the command that runs others on this machine without something."""
    if not what:
        return []
    if os.geteuid() != 0 or not shutil.which("unshare"):
        raise NotTriedError("needs root and unshare: files of /usr are hidden in a namespace")
    return [str(HERE / "without.sh"), what]


def use_free_threaded(folder: Path) -> None:
    """Use what freethreaded.sh has built, if it has."""
    built = [str(path) for path in sorted(folder.glob("bin/python3.1?t"))]
    named = os.environ.get("PACKAGING_PYTHONS")
    os.environ["PACKAGING_PYTHONS"] = os.pathsep.join([*([named] if named else []), *built])
    if (folder / "wheels").is_dir():
        links = [*os.environ.get("PIP_FIND_LINKS", "").split(), str(folder / "wheels")]
        os.environ["PIP_FIND_LINKS"] = " ".join(links)


def try_all(session: Session, pythons: list[Python]) -> None:
    """Try all cells."""
    built = Built(session.folder, sys.executable)
    session.cell("sdist", built.build_sdist, needed=True)
    session.cell("pure wheel", built.build_pure, needed=True)
    session.cell("API wheel", built.build_api, needed=True)
    session.cell("pip install ., compiler and headers", lambda: session.from_source(built))
    for what, name in WITHOUT.items():
        session.cell(f"pip install ., {name}", lambda w=what: session.from_source(built, w))
    session.cell("pure wheel without FFmpeg", lambda: session.wheel_without_ffmpeg(built.pure))
    session.cell("API wheel without FFmpeg", lambda: session.wheel_without_ffmpeg(built.api))
    session.cell("pip install --editable .", lambda: session.from_source(built, editable=True))
    have = {python.name for python in pythons}
    for python in pythons:
        for mode, kind in (("abi", "pure wheel"), ("api", "API")):
            session.cell(
                f"Python {python.name}, {kind}",
                lambda p=python, m=mode: session.on_python(p, built, m),
            )
    for name in WANTED:
        if name not in have:
            debian.cells(session, name, built, session.options.cache)


def write_table(rows: list[tuple[str, str, str]], path: Path) -> None:
    """Rewrite the table between the markers of the documentation."""
    head, begin, rest = path.read_text(encoding="utf-8").partition("<!-- packaging -->\n")
    _, end, tail = rest.partition("<!-- /packaging -->")
    if not begin or not end:
        raise SystemExit(f"{path} has no markers")
    system = platform.freedesktop_os_release().get("PRETTY_NAME", "Linux")
    when = datetime.datetime.now(datetime.timezone.utc).date()
    where = f"{system}, {platform.machine()}"
    lines = [f"{when}, {where}; where no Python is named, {platform.python_version()}.\n"]
    lines += ["\n| cell | result | what was checked |\n|---|---|---|\n"]
    for name, state, text in rows:
        flat = " ".join(text.split()).replace("|", "\\|")
        lines.append(f"| {name} | {state} | {flat[:400]} |\n")
    path.write_text(head + begin + "".join(lines) + end + tail, encoding="utf-8")


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--docs", type=Path, help="rewrite the table of this file")
    parser.add_argument("--cache", type=Path, help="unpack other systems' Pythons here")
    parser.add_argument("--only", help="only the cells whose name has this in it")
    options = parser.parse_args()
    start = time.monotonic()
    if options.cache:
        use_free_threaded(options.cache.resolve() / "packaging" / "freethreaded")
    pythons = find()
    print("Pythons: " + ", ".join(f"{python.name} ({python.version})" for python in pythons))
    with tempfile.TemporaryDirectory(prefix="ffwebcodecs-packaging-") as folder:
        session = Session(options, Path(folder))
        try_all(session, pythons)
    failed = [name for name, state, _ in session.rows if state == "FAILED"]
    if options.docs and not options.only:
        write_table(session.rows, options.docs)
    print(f"{len(session.rows)} cells in {time.monotonic() - start:.0f} s, {len(failed)} failed")
    sys.exit(bool(failed))


if __name__ == "__main__":
    main()
