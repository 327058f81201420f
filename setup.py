"""Build ffwebcodecs: the ABI modules always, the extensions where they can be compiled.

They are optional: the pump needs a compiler, API mode FFmpeg's headers too. Without either the
package is pure Python, and the wheel says so in its tag (py3-none-any).

What a wheel is made of is written into a temporary folder: several builds of one checkout may run
at a time, and none of them sees what another left. In the tree itself only an editable install and
``python ffi_build.py`` write, each file whole or not at all.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from typing import Any

from setuptools import setup
from setuptools.command.build_ext import build_ext
from setuptools.command.build_py import build_py

try:
    from setuptools.command.bdist_wheel import bdist_wheel
except ImportError:  # setuptools before 70.1
    from wheel.bdist_wheel import bdist_wheel

sys.path.insert(0, str(Path(__file__).resolve().parent))
import ffi_build

LIMITED_API = "cp310"


class OptionalBuildExt(build_ext):
    """Compile the extensions, or leave out what fails and say why."""

    def finalize_options(self) -> None:
        super().finalize_options()
        # an object that is newer than its C file can still be of another FFmpeg's headers
        self.force = True

    def run(self) -> None:
        wanted = list(self.extensions or [])
        try:
            made = {each.name: each for each in ffi_build.extensions(Path(self.build_temp))}
            for extension in wanted:
                vars(extension).update(vars(made[extension.name]))
            super().run()
        except Exception as error:
            if ffi_build.must_compile():
                raise
            print(f"no extension was built ({error})", file=sys.stderr)
            self._leave_out(wanted)

    def build_extensions(self) -> None:
        self._failed: dict[bool, Exception] = {}
        super().build_extensions()
        for is_pump, error in self._failed.items():
            what = "pump" if is_pump else "extension"
            instead = "Python does its work" if is_pump else "ABI mode will be used"
            print(f"the {what} was not built ({error}): {instead}", file=sys.stderr)
            # half a pair would only confuse the loader
            self._leave_out([e for e in self.extensions if _is_pump(e) is is_pump])

    def build_extension(self, ext: Any) -> None:
        try:
            if _is_pump(ext) not in self._failed:
                super().build_extension(ext)
        except Exception as error:
            if ffi_build.must_compile():
                raise
            self._failed[_is_pump(ext)] = error

    def copy_file(self, infile: Any, outfile: Any, *options: Any, **named: Any) -> Any:
        """Put a finished extension in its place at once: a process may have the old one loaded."""
        part = f"{outfile}.{os.getpid()}"
        try:
            done = super().copy_file(infile, part, *options, **named)
            os.replace(part, outfile)
        finally:
            Path(part).unlink(missing_ok=True)
        return (outfile, done[1])

    def _leave_out(self, extensions: list[Any]) -> None:
        for extension in extensions:
            Path(self.get_ext_fullpath(extension.name)).unlink(missing_ok=True)
        left = [each for each in self.extensions if each not in extensions]
        self.extensions = self.distribution.ext_modules = left


def _is_pump(extension: Any) -> bool:
    return bool(extension.name == ffi_build.PUMP)


class BuildModules(build_py):
    """Copy the modules, and write the one that is made of the declarations beside them."""

    def run(self) -> None:
        super().run()
        root = ffi_build.ROOT if getattr(self, "editable_mode", False) else Path(self.build_lib)
        ffi_build.build_abi(root)


class HonestWheel(bdist_wheel):
    """Tag the wheel by what is in it: abi3 with an extension, any without."""

    def finalize_options(self) -> None:
        if self.distribution.has_ext_modules():
            self.run_command("build_ext")
        if any(ext.py_limited_api for ext in self.distribution.ext_modules or []):
            self.py_limited_api = LIMITED_API
        super().finalize_options()


COMMANDS: dict[str, Any] = {
    "build_ext": OptionalBuildExt,
    "build_py": BuildModules,
    "bdist_wheel": HonestWheel,
}


def run(scratch: str) -> None:
    """Run setuptools' command; what it makes on the way goes into this folder."""
    options = {"build": {"build_base": scratch}, "egg_info": {"egg_base": scratch}}
    if "sdist" in sys.argv:
        del options["egg_info"]  # which is a part of it, and has to lie below the project for that
    setup(ext_modules=ffi_build.extensions(), cmdclass=COMMANDS, options=options)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="ffwebcodecs-build-") as folder:
        run(folder)
