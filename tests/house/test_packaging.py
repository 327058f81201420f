"""Wheels are built in every shape, unpacked, and loaded: needs pip and a package registry."""

from __future__ import annotations

import email
import email.message
import json
import os
import shutil
import subprocess
import sys
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import _cffi_backend
import ffi_helpers
import pytest

import ffwebcodecs
from ffwebcodecs import _ffi

rules: Any = ffi_helpers.build_script("rules", "tools/release")
pytestmark = pytest.mark.slow

KEPT_OUT = shutil.ignore_patterns(
    ".*", "build", "dist", "*.egg-info", "__pycache__", "*.so", "_abi*.py"
)
MODE = """
import json
import ffwebcodecs._ffi as f
r = f.report()
print(json.dumps([r.mode, f.__file__, r.reason]))
"""
# Half of the time would go into optimizing what is loaded and thrown away, and most of the rest
# into compiling once more what is the same after the preprocessor.
QUICK_COMPILER = """#!/bin/sh
case " $* " in *" -c "*) ;; *) exec cc "$@" -O0 ;; esac
left=$#
while [ $left -gt 0 ]; do
    if [ "$1" = -o ]; then out=$2; shift 2; left=$((left - 2))
    else set -- "$@" "$1"; shift; left=$((left - 1)); fi
done
text=$(cc "$@" -O0 -E -P | sha256sum)
kept=$(dirname "$0")/${text%% *}.o
[ -e "$kept" ] || { cc "$@" -O0 -o "$kept.$$" && mv "$kept.$$" "$kept"; } || exit
cp "$kept" "$out"
"""


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Give a clean copy of the project; building leaves things in it."""
    folder = tmp_path / "source"
    shutil.copytree(ffi_helpers.ROOT, folder, ignore=KEPT_OUT)
    return folder


def pip(*arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    clean = {key: value for key, value in os.environ.items() if not key.startswith("FFWEBCODECS_")}
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", *arguments]
    command += ["--no-build-isolation"] if "PYTHONPATH" in env else []  # what it needs is there
    return subprocess.run(command, capture_output=True, text=True, env=clean | env, timeout=300)


@pytest.fixture(scope="module", autouse=True)
def shared(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Install the build requirements once; give the environment of a build that uses them."""
    folder = tmp_path_factory.mktemp("requirements")
    result = pip("install", "--quiet", "--target", str(folder), "setuptools>=77", "cffi>=1.16")
    if result.returncode:
        pytest.skip("pip cannot get the build requirements here")
    env = {"PYTHONPATH": str(folder)}
    if shutil.which("cc"):
        compiler = folder / "quick-cc"
        compiler.write_text(QUICK_COMPILER)
        compiler.chmod(0o755)
        env["CC"] = str(compiler)
    return env


def build(source: Path, out: Path, **env: str) -> Path:
    """Build a wheel and return it."""
    result = pip("wheel", "--quiet", "--no-deps", "-w", str(out), str(source), **env)
    assert result.returncode == 0, result.stderr
    (wheel,) = out.glob("*.whl")
    return wheel


def load(wheel: Path, folder: Path, **env: str) -> str:
    """Unpack a wheel, load FFmpeg from it, and return the mode."""
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    env["PYTHONPATH"] = str(folder)
    result = subprocess.run(
        [sys.executable, "-c", MODE], capture_output=True, text=True, env=os.environ | env, cwd="/"
    )
    assert result.returncode == 0, result.stderr
    mode, file, _ = json.loads(result.stdout)
    assert str(file).startswith(str(folder))
    return str(mode)


def files(folder: Path) -> set[Path]:
    return {path for path in folder.rglob("*") if "__pycache__" not in path.parts}


def names(wheel: Path) -> list[str]:
    with zipfile.ZipFile(wheel) as archive:
        return archive.namelist()


def metadata(wheel: Path) -> email.message.Message:
    """Return what a wheel says of itself."""
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (each for each in archive.namelist() if each.endswith(".dist-info/METADATA"))
        return email.message_from_bytes(archive.read(name))


def needs_extension() -> None:
    if _ffi.version("avutil")[0] not in ffi_helpers.built_majors():
        pytest.skip("this machine has no compiler or no FFmpeg headers")


def test_two_builds_of_one_checkout_at_a_time_give_two_whole_abi3_wheels(
    source: Path, tmp_path: Path, shared: dict[str, str]
) -> None:
    needs_extension()
    before = files(source)
    env = {**shared, "FFWEBCODECS_BUILD": "api"}
    programs = ("pkg-config", "/bin/false")  # which without the first one's help finds them too
    with ThreadPoolExecutor() as pool:
        builds = [
            pool.submit(build, source, tmp_path / f"wheel-{number}", **env, PKG_CONFIG=program)
            for number, program in enumerate(programs)
        ]
        wheels = [each.result() for each in builds]
    assert files(source) == before
    for number, wheel in enumerate(wheels):
        assert "-cp310-abi3-" in wheel.name
        site = tmp_path / f"site-{number}"
        assert load(wheel, site, FFWEBCODECS_FFI="auto") == "api"
        assert load(wheel, site, FFWEBCODECS_FFI="abi") == "abi"
        with pytest.raises(rules.RefusedError, match=r"_api\d+.*only .*_pump"):
            rules.kind(wheel)


def test_the_wheel_with_the_pump_alone_is_for_every_ffmpeg(
    source: Path, tmp_path: Path, shared: dict[str, str]
) -> None:
    if not (shutil.which("cc") and shutil.which("readelf")):
        pytest.skip("this machine has no compiler or no readelf")
    env = {**shared, "FFWEBCODECS_BUILD": "pump", "LDSHARED": f"{shared['CC']} -shared"}
    wheel = build(source, tmp_path, **env, LDFLAGS="")
    assert rules.kind(wheel) == "pump"
    assert metadata(wheel)["Version"] == ffwebcodecs.__version__
    assert load(wheel, tmp_path / "site", FFWEBCODECS_FFI="auto") == "abi"
    found = tmp_path / "site" / rules.PUMP
    with pytest.raises(rules.RefusedError, match=r"needs glibc 2\.\d+, its tag says 2\.5"):
        rules.check_pump(found, "cp310-abi3-manylinux_2_5_x86_64")


def test_code_that_needs_another_library_is_refused(tmp_path: Path) -> None:
    if not (shutil.which("cc") and shutil.which("readelf")):
        pytest.skip("this machine has no compiler or no readelf")
    text, library = tmp_path / "a.c", tmp_path / "a.so"
    text.write_text("int av_log(int), rand(void); int f(int x) { return rand() + av_log(x); }")
    command = ["cc", "-shared", "-fPIC", "-fno-builtin", "-o", str(library), str(text)]
    for options, message in (
        ((), "needs .*av_log.* of nobody knows whom"),
        (("-Wl,-rpath,/opt/x",), "looks for libraries in /opt/x"),
        (("-Wl,--no-as-needed", "-lm"), "is linked to libm"),
    ):
        subprocess.run([*command, *options], check=True)
        with pytest.raises(rules.RefusedError, match=message):
            rules.check_pump(library, "cp310-abi3-linux_x86_64")


@pytest.mark.parametrize("env", [{"CC": "/bin/false"}, {"FFWEBCODECS_BUILD": "abi"}])
def test_without_compiler_the_wheel_is_pure_and_small(
    source: Path, tmp_path: Path, env: dict[str, str], shared: dict[str, str]
) -> None:
    # One of the builds is pip's own way: it fetches the requirements into a place of its own.
    wheel = build(source, tmp_path, **({} if "CC" in env else shared), **env)
    assert wheel.name.endswith("-py3-none-any.whl")
    assert not [name for name in names(wheel) if name.endswith((".so", ".pyd", ".c"))]
    assert "ffwebcodecs/_ffi/_abi.py" in names(wheel)
    assert {"ffwebcodecs/py.typed", "ffwebcodecs/_ffi/_types.pyi"} <= set(names(wheel))
    assert rules.kind(wheel) == "pure"
    assert metadata(wheel)["Version"] == ffwebcodecs.__version__
    assert wheel.stat().st_size < 1_400_000
    assert load(wheel, tmp_path / "site", FFWEBCODECS_FFI="auto") == "abi"


def test_an_extension_that_must_be_built_and_cannot_is_an_error(
    source: Path, tmp_path: Path, shared: dict[str, str]
) -> None:
    arguments = ("wheel", "--quiet", "--no-deps", "-w", str(tmp_path), str(source))
    env = {**shared, "CC": "/bin/false", "FFWEBCODECS_BUILD": "api"}
    done = pip(*arguments, **env)
    assert done.returncode != 0
    assert "/bin/false" in done.stderr
    assert not list(tmp_path.glob("*.whl"))


def test_an_editable_install_loads_from_the_source(
    source: Path, tmp_path: Path, shared: dict[str, str]
) -> None:
    site = tmp_path / "site"
    target = ("--target", str(site), "--editable", str(source))
    result = pip("install", "--quiet", "--no-deps", *target, **shared)
    if "--editable" in result.stderr or "--target" in result.stderr:
        pytest.skip("this pip does not combine --editable and --target")
    assert result.returncode == 0, result.stderr
    # -S: without what is installed beside us, which may well be an editable ffwebcodecs too
    code = f"""
import site, sys
site.addsitedir({str(site)!r})
sys.path.append({str(Path(_cffi_backend.__file__).parent)!r})
{MODE}"""
    command = [sys.executable, "-S", "-c", code]
    env = {**os.environ, "PYTHONPATH": "", "FFWEBCODECS_FFI": "auto"}
    out = subprocess.run(command, capture_output=True, text=True, cwd="/", env=env)
    assert out.returncode == 0, out.stderr
    mode, file, _ = json.loads(out.stdout)
    assert mode in ("api", "abi")
    assert Path(file).is_relative_to(source)
