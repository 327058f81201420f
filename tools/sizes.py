"""Install this package and its peers, each into a fresh environment with numpy: how large are they?

Usage: python tools/sizes.py

The figures of the README's table: bytes of all installed files, bytecode too, in MB of 10**6 bytes.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PEERS = {
    "ffwebcodecs": [str(ROOT)],
    "PyAV": ["av", "numpy"],
    "OpenCV": ["opencv-python-headless"],
    "imageio-ffmpeg": ["imageio-ffmpeg", "numpy"],
}
PARTS = {
    "ffwebcodecs": ("ffwebcodecs*",),
    "cffi and pycparser": ("cffi*", "_cffi*", "pycparser*"),
    "numpy": ("numpy*",),
}


def installed(folder: Path, packages: list[str]) -> Path:
    """Make an environment without pip, install into it, and return where its packages lie."""
    venv.create(folder, with_pip=False)
    python = folder / "bin" / "python"
    pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet"]
    subprocess.run([*pip, "--disable-pip-version-check", *packages], check=True)
    return next(folder.glob("lib/python*/site-packages"))


def size(*paths: Path) -> float:
    files = (file for path in paths for file in ([path] if path.is_file() else path.rglob("*")))
    return sum(file.stat().st_size for file in files if file.is_file()) / 1e6


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        for name, packages in PEERS.items():
            where = installed(Path(folder) / name, packages)
            print(f"{name}: {size(where):.1f} MB")
            if name == "ffwebcodecs":
                for part, patterns in PARTS.items():
                    found = [path for pattern in patterns for path in where.glob(pattern)]
                    print(f"    {part} {size(*found):.1f} MB")


if __name__ == "__main__":
    main()
