"""Build ffwebcodecs: the ABI modules always, the API extension where it can be compiled.

The extension is optional: without a compiler or without FFmpeg's headers the package is pure Python
and the wheel says so in its tag (py3-none-any).
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from setuptools import setup
from setuptools.command.build_ext import build_ext

try:
    from setuptools.command.bdist_wheel import bdist_wheel
except ImportError:  # setuptools before 70.1
    from wheel.bdist_wheel import bdist_wheel

sys.path.insert(0, str(Path(__file__).resolve().parent))
import ffi_build

LIMITED_API = "cp310"


class OptionalBuildExt(build_ext):
    """Compile the extensions, or leave all of them out and say why."""

    def finalize_options(self) -> None:
        super().finalize_options()
        # an object that is newer than its C file can still be of another FFmpeg's headers
        self.force = True

    def run(self) -> None:
        wanted = list(self.extensions or [])
        try:
            super().run()
        except Exception as error:
            if os.environ.get("FFWEBCODECS_BUILD") == "api":
                raise
            print(f"the extension was not built ({error}): ABI mode will be used", file=sys.stderr)
            for extension in wanted:  # half a pair would only confuse the loader
                Path(self.get_ext_fullpath(extension.name)).unlink(missing_ok=True)
            self.extensions = self.distribution.ext_modules = []


class HonestWheel(bdist_wheel):
    """Tag the wheel by what is in it: abi3 with an extension, any without."""

    def finalize_options(self) -> None:
        if self.distribution.has_ext_modules():
            self.run_command("build_ext")
        if any(ext.py_limited_api for ext in self.distribution.ext_modules or []):
            self.py_limited_api = LIMITED_API
        super().finalize_options()


COMMANDS: dict[str, Any] = {"build_ext": OptionalBuildExt, "bdist_wheel": HonestWheel}


if __name__ == "__main__":
    ffi_build.build_abi()
    setup(ext_modules=ffi_build.api_extensions(), cmdclass=COMMANDS)
