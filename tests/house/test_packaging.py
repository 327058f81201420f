"""Wheels are built in every shape, unpacked, and loaded: needs pip and a package registry."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import _cffi_backend
import ffi_helpers
import pytest

from ffwebcodecs import _ffi

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
[ -e "$kept" ] || cc "$@" -O0 -o "$kept" || exit
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


def names(wheel: Path) -> list[str]:
    with zipfile.ZipFile(wheel) as archive:
        return archive.namelist()


def needs_extension() -> None:
    if _ffi.version("avutil")[0] not in ffi_helpers.built_majors():
        pytest.skip("this machine has no compiler or no FFmpeg headers")


@pytest.mark.parametrize("pkg_config", ["pkg-config", "/bin/false"])
def test_with_compiler_and_headers_the_wheel_is_abi3(
    source: Path, tmp_path: Path, pkg_config: str, shared: dict[str, str]
) -> None:
    needs_extension()
    wheel = build(source, tmp_path, **shared, PKG_CONFIG=pkg_config, FFWEBCODECS_BUILD="api")
    assert "-cp310-abi3-" in wheel.name
    assert load(wheel, tmp_path / "site", FFWEBCODECS_FFI="auto") == "api"
    assert load(wheel, tmp_path / "site", FFWEBCODECS_FFI="abi") == "abi"


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
    assert wheel.stat().st_size < 1_300_000
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
