"""Load wrong libraries and wrong layouts, at random: each must be refused, and none may crash.

First every set of libraries at hand is tried with the layout of every FFmpeg; then, until the time
is over, cases are made at random: libraries cut short, libraries of several sets in one folder,
libraries under another's name, and layouts with one field somewhere else. Sets are the system's,
the folders given, and whatever lies below the cache (the libraries of PyAV's wheels, for example).

Run by `make fuzz-libraries`; exits with 1 if anything went wrong, and says how to repeat it.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import layout_fuzz

from ffwebcodecs._ffi import _elf
from ffwebcodecs._ffi._find import CORE, KNOWN, LIBRARIES, Found, LibrarySet

CHECK = """
import sys
from ffwebcodecs._ffi import _open, _selftest
from ffwebcodecs._ffi._find import CORE, KNOWN, Found, LibrarySet
found = next(files for files in Found(sys.argv[1]).sets() if files.release.key == int(sys.argv[2]))
files = LibrarySet(KNOWN[int(sys.argv[3])], found.paths, found.folder, found.mangled)
ffi = _open.abi_module(files.release).ffi
libs = _open.open_set(ffi, files, CORE)
failed = _selftest.check(ffi, libs)
if not failed and "avformat" in files.paths:
    avformat = _open.open_set(ffi, files, ("avformat",))["avformat"]
    failed = _selftest.check_avformat(ffi, libs, avformat)
print(len(failed))
"""
LOAD = """
import ffwebcodecs._ffi as f
try:
    r = f.report()
    print("loaded", r.release, r.avformat_problem)
except f.FFmpegLoadError as error:
    print("refused", error)
"""


def run(code: str, *arguments: str, **env: str) -> tuple[int, str]:
    clean = {k: v for k, v in os.environ.items() if not k.startswith("FFWEBCODECS_")} | env
    command = [sys.executable, "-c", code, *arguments]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, env=clean, timeout=60, check=False
        )
    except subprocess.TimeoutExpired:
        return -1, "it did not end within 60 seconds"
    return done.returncode, done.stdout.strip() + done.stderr[-500:]


def folders_below(cache: Path) -> list[str]:
    return [
        folder
        for folder, _, names in os.walk(cache)
        if any(name.startswith("libavutil") and ".so." in name for name in names)
    ]


def usable_sets(folders: list[str]) -> list[LibrarySet]:
    """Return the sets that this Python can load (others need a newer C library, for example)."""
    sets = []
    for folder in dict.fromkeys(map(os.path.realpath, folders)):
        for files in Found(folder).sets():
            if "avformat" not in files.paths:
                continue
            key = str(files.release.key)
            code, said = run(CHECK, folder, key, key)
            if code == 0 and said == "0":
                sets.append(files)
            else:
                print(f"left out: {files}: {said.splitlines()[-1] if said else code}")
    return sets


def pairs(sets: list[LibrarySet]) -> list[str]:
    """Try every set with every layout, print the number of checks that fail."""
    wrong = []
    print("checks that fail, of each layout with each set (0 only where they belong together)")
    print(f"{'':44}" + "".join(f"{release.series:>6}" for release in KNOWN.values()))
    for files in sets:
        row = []
        for key in KNOWN:
            code, said = run(CHECK, str(files.folder), str(files.release.key), str(key))
            row.append(said if code == 0 else f"!{code}")
            right = key == files.release.key
            if code != 0 or (said == "0") != right:
                wrong.append(f"{files} with the layout of {KNOWN[key].series}: {code} {said}")
        print(f"{str(files)[-43:]:44}" + "".join(f"{cell:>6}" for cell in row))
    return wrong


class Cases:
    """Makes cases at random and says which of them were not refused."""

    def __init__(self, sets: list[LibrarySet], seed: int) -> None:
        self.sets = sets
        self.pick = random.Random(seed)
        self.count: dict[str, int] = {}
        self.layouts = layout_fuzz.ffi_build.load_layouts()

    def one(self) -> str | None:
        """Run a case; return what was wrong with it."""
        kinds = ["cut", "mix", "rename", "layout"]
        kind = self.pick.choice(kinds if len(self.sets) > 1 else ["cut", "rename", "layout"])
        self.count[kind] = self.count.get(kind, 0) + 1
        with tempfile.TemporaryDirectory(prefix="ffwebcodecs-fuzz-") as folder:
            return getattr(self, kind)(Path(folder))

    def _copy(self, files: LibrarySet, folder: Path) -> None:
        """Link a whole set, with what lies beside renamed libraries."""
        if files.mangled:
            for name in os.listdir(str(files.folder)):
                (folder / name).symlink_to(os.path.join(str(files.folder), name))
        else:
            for path in files.paths.values():
                (folder / os.path.basename(path)).symlink_to(os.path.realpath(path))

    def _refused(self, folder: Path, what: str, *, format_only: bool = False) -> str | None:
        mode = self.pick.choice(["auto", "abi"])
        env = {"FFWEBCODECS_FFI": mode, "FFWEBCODECS_LIBRARY_PATH": str(folder)}
        code, said = run(LOAD, **env)
        fine = said.startswith("loaded") and not said.endswith(" None") if format_only else False
        if code == 0 and (fine or said.startswith("refused")):
            return None
        return f"{what} ({mode}): exit status {code}, {said}"

    def cut(self, folder: Path) -> str | None:
        files = self.pick.choice(self.sets)
        self._copy(files, folder)
        library = self.pick.choice(LIBRARIES)
        path = folder / os.path.basename(files.paths[library])
        data = path.read_bytes()
        length = self.pick.choice([self.pick.randrange(len(data)), self.pick.randrange(4096)])
        path.unlink()
        path.write_bytes(data[:length])
        what = f"{files}: {library} cut to {length} of {len(data)} bytes"
        return self._refused(folder, what, format_only=library == "avformat")

    def mix(self, folder: Path) -> str | None:
        """Take each library from a set of its own, under the names of the first."""
        files = self.pick.choice(self.sets)
        others = [s for s in self.sets if s.release is not files.release]
        if not others:
            return self.cut(folder)
        self._copy(files, folder)
        library = self.pick.choice(CORE)
        other = self.pick.choice(others)
        path = folder / os.path.basename(files.paths[library])
        path.unlink()
        path.symlink_to(os.path.realpath(other.paths[library]))
        return self._refused(folder, f"{files} with {library} of {other}")

    def rename(self, folder: Path) -> str | None:
        """Give a whole set the names of another release."""
        files = self.pick.choice(self.sets)
        release = self.pick.choice([r for r in KNOWN.values() if r is not files.release])
        for library in CORE:
            name = f"lib{library}.so.{release.majors[library]}"
            (folder / name).symlink_to(os.path.realpath(files.paths[library]))
        return self._refused(folder, f"{files} under the names of {release.series}")

    def layout(self, _: Path) -> str | None:
        files = self.pick.choice([s for s in self.sets if not s.mangled] or self.sets)
        layout = self.layouts[files.release.key]
        every = [pair for pair in layout_fuzz.fields(layout) if not layout_fuzz.excused(*pair)]
        struct, field = self.pick.choice(every)
        shift = self.pick.choice(layout_fuzz.SHIFTS)
        found = layout_fuzz.judge(layout, struct, field, shift, files)
        if found in ("caught", "same"):
            return None
        return f"{files}: {struct}.{field} moved by {shift}: {found}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    parser.add_argument("--cache", type=Path, default=Path(".cache"))
    parser.add_argument("folders", nargs="*")
    options = parser.parse_args()
    from ffwebcodecs import _ffi

    system = os.path.dirname(os.path.realpath(_ffi.load().libraries["avutil"][0]))
    if not _elf.is_elf_platform() or shutil.which("true") is None:
        print("this is written for systems whose libraries are ELF files")
        return 0
    sets = usable_sets([system, *options.folders, *folders_below(options.cache)])
    wrong = pairs(sets)
    cases = Cases(sets, options.seed)
    end = time.monotonic() + options.seconds
    while time.monotonic() < end:
        trouble = cases.one()
        if trouble:
            wrong.append(trouble)
    print(f"seed {options.seed}: {json.dumps(cases.count)} cases, {len(wrong)} wrong")
    for trouble in wrong:
        print(f"  {trouble}")
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
