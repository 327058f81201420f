"""Where FFmpeg's libraries may lie besides the loader's own path, in the order they are tried.

Folders only; `_find` says what is in them.
"""

from __future__ import annotations

import os
import sys

from ffwebcodecs._ffi import _elf

# What a package manager calls the folder of libraries below its prefix.
INNER = (os.path.join("Library", "bin"), "bin") if os.name == "nt" else ("lib", "lib64")


def _triplet() -> str:
    machine = os.uname().machine if hasattr(os, "uname") else ""
    return f"{machine}-linux-gnu"


def _below(prefix: str) -> list[str]:
    """Return the library folders of a prefix, those that are there."""
    inner = [*INNER]
    if os.name != "nt":
        inner.append(os.path.join("lib", _triplet()))
    folders = [os.path.join(prefix, name) for name in inner]
    return [folder for folder in folders if prefix and os.path.isdir(folder)]


def _unique(folders: list[str]) -> list[str]:
    return list(dict.fromkeys(folder for folder in folders if folder))


def named(value: str) -> list[str]:
    """Split FFWEBCODECS_LIBRARY_PATH into folders; one whose name holds the separator is one."""
    entries = [value] if os.path.isdir(value) else value.split(os.pathsep)
    return _unique([os.path.abspath(os.path.expanduser(entry)) for entry in entries if entry])


def inside(folder: str) -> list[str]:
    """Return where the libraries may lie if `folder` is a prefix and holds none itself."""
    return _below(folder)


def before_the_system() -> list[str]:
    """Return the folders that belong to this Python: conda's own interpreter brings its libraries,
    and the system's may not fit them.
    """
    prefixes = _unique([sys.prefix, sys.base_prefix])
    conda = [prefix for prefix in prefixes if os.path.isdir(os.path.join(prefix, "conda-meta"))]
    return _unique([folder for prefix in conda for folder in _below(prefix)])


def after_the_system() -> list[str]:
    """Return the folders of package managers and of builds by hand, outside the loader's path."""
    environ = os.environ
    prefixes = [environ.get("CONDA_PREFIX", "")]
    if os.name == "nt":
        folders = [folder for prefix in prefixes for folder in _below(prefix)]
        return _unique([*folders, *environ.get("PATH", "").split(os.pathsep), *_of_windows()])
    brew = [environ.get("HOMEBREW_PREFIX", "")]
    brew += ["/opt/homebrew"] if sys.platform == "darwin" else ["/home/linuxbrew/.linuxbrew"]
    if sys.platform == "darwin":
        brew.append("/usr/local")
    for prefix in brew if any(brew) else []:
        if prefix:
            prefixes += [prefix, os.path.join(prefix, "opt", "ffmpeg")]
            prefixes += [os.path.join(prefix, "opt", "ffmpeg-full")]
            prefixes += [os.path.join(prefix, "opt", f"ffmpeg@{n}") for n in range(9, 3, -1)]
    prefixes += environ.get("NIX_PROFILES", "").split()[::-1]  # the user's own comes last there
    prefixes += [os.path.expanduser("~/.nix-profile"), "/run/current-system/sw"]
    prefixes += ["/usr/local", "/opt/local"]
    if sys.platform == "darwin":  # MacPorts has each release in a prefix of its own
        prefixes += [f"/opt/local/libexec/ffmpeg{n}" for n in range(9, 3, -1)]
    prefixes.append("/opt/ffmpeg")
    prefixes += [os.path.join(root, "usr") for root in (environ.get("SNAP", ""),) if root]
    folders = environ.get("NIX_LD_LIBRARY_PATH", "").split(os.pathsep)
    folders += [folder for prefix in prefixes for folder in _below(prefix)]
    return _unique(folders + beside_the_program())


def _of_windows() -> list[str]:
    """Return where package managers of Windows have the DLLs, those folders that are there: WinGet
    puts a link to the program on PATH, not to them.
    """
    import shutil  # only where the usual ways have led nowhere

    environ = os.environ
    program = shutil.which("ffmpeg")
    folders = [os.path.dirname(os.path.realpath(program))] if program else []
    packages = os.path.join(environ.get("LOCALAPPDATA", ""), "Microsoft", "WinGet", "Packages")
    chocolatey = os.path.join(environ.get("ChocolateyInstall", ""), "lib", "ffmpeg-shared")
    roots = [*_children(packages, "Gyan.FFmpeg"), *_children(packages, "BtbN.FFmpeg")]
    for root in [*roots, os.path.join(chocolatey, "tools")]:
        folders += [os.path.join(build, "bin") for build in _children(root, "ffmpeg")[::-1]]
    scoop = environ.get("SCOOP") or os.path.join(os.path.expanduser("~"), "scoop")
    for name in ("ffmpeg-shared", "ffmpeg"):
        folders.append(os.path.join(scoop, "apps", name, "current", "bin"))
    for triplet in ("x64-windows", "arm64-windows") if environ.get("VCPKG_ROOT") else ():
        folders.append(os.path.join(environ["VCPKG_ROOT"], "installed", triplet, "bin"))
    if environ.get("ProgramFiles"):
        folders.append(os.path.join(environ["ProgramFiles"], "ffmpeg", "bin"))
    return [folder for folder in _unique(folders) if os.path.isdir(folder)]


def _children(folder: str, start: str) -> list[str]:
    """Return what begins so in a folder, sorted; nothing if it is not there."""
    try:
        names = sorted(os.listdir(folder)) if os.path.isabs(folder) else []
    except OSError:
        return []
    return [os.path.join(folder, name) for name in names if name.startswith(start)]


def beside_the_program() -> list[str]:
    """Return where the ffmpeg program on PATH has its libraries: what it was linked to look in, as
    Nix does, and the ``lib`` beside its ``bin``.
    """
    import shutil  # only where the usual ways have led nowhere

    program = shutil.which("ffmpeg")
    if program is None:
        return []
    program = os.path.realpath(program)
    origin = os.path.dirname(program)
    folders = []
    if _elf.is_elf_platform():
        try:
            runpath = _elf.read(program).runpath
        except _elf.BadLibraryError:
            runpath = []  # a script, or a program that is linked statically
        for folder in runpath:
            expanded = folder.replace("${ORIGIN}", origin).replace("$ORIGIN", origin)
            folders.append(os.path.normpath(expanded) if folder else "")
    if os.path.basename(origin) == "bin":
        folders += _below(os.path.dirname(origin))
    # what the loader finds without us is no other place
    return [folder for folder in _unique(folders) if not folder.startswith("/usr/lib")]


def of_the_loader() -> list[str]:
    """Return where the loader looks, as far as it can be known: only to explain a failure."""
    folders = [*_elf.search_folders(), "/usr/local/lib", f"/usr/lib/{_triplet()}"]
    return _unique([*folders, "/usr/lib64", "/usr/lib"])
