"""Pictures on the screen: in the notebook that runs, or in a viewer of the system's.

A viewer gets a temporary file, whose name nothing of the program's is in, as one argument of its
own. On Linux and other Unixes a shell waits for it and removes the file a minute after it has
ended, for what only tells another program (xdg-open) ends at once; that shell outlives the program.
"""

from __future__ import annotations

import importlib
import os
import select
import shutil
import subprocess
import sys
import tempfile
from contextlib import suppress
from typing import Any

from ..errors import NotSupportedError

# The system's choice, then what shows a file whose name it is given.
_VIEWERS = ("xdg-open", "eog", "gwenview", "feh", "display", "ffplay")
# Who listens to descriptor 3 removes the file if the viewer fails; nobody does after a second.
_SCRIPT = """
(
    "$@" </dev/null >/dev/null 2>&1 3>&-
    status=$?
    trap '' PIPE
    PATH="$PATH:/usr/bin:/bin"
    echo "$status" 2>/dev/null >&3 && [ "$status" != 0 ] && exit
    exec 3>&-
    sleep 60
    rm -f -- "$0"
) 3>&1 >/dev/null &
"""
_PATIENCE = 1.0  # seconds in which a viewer says that it cannot


def show_inline(shown: Any) -> bool:
    """Show an object in the notebook that runs, if there is one."""
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    if getattr(shell, "kernel", None) is None:
        return False  # a terminal's, or none
    importlib.import_module("IPython.display").display(shown)
    return True


def open_viewer(png: bytes) -> None:
    """Give a picture to a viewer, and go on.

    Raises
    ------
    NotSupportedError
        There is none, or each has failed.
    OSError
        The temporary file cannot be written.
    """
    viewers = _found()
    if not viewers:
        raise NotSupportedError(
            f"there is no picture viewer on PATH (looked for {', '.join(_names())}): install one, "
            "or write the picture with save('picture.png')"
        )
    descriptor, name = tempfile.mkstemp(".png", "picture-")
    try:
        with open(descriptor, "wb") as file:
            file.write(png)
        failures = []
        for viewer in viewers:
            failure = _start(viewer, name)
            if failure is None:
                return
            failures.append(f"{os.path.basename(viewer)} {failure}")
    except BaseException:
        _remove(name)
        raise
    _remove(name)
    raise NotSupportedError(
        f"no viewer shows the picture ({'; '.join(failures)}): is there a display? "
        "Write it with save('picture.png') instead"
    )


def _names() -> tuple[str, ...]:
    return ("open",) if sys.platform == "darwin" else _VIEWERS


def _found() -> list[str]:
    if os.name == "nt":
        return ["startfile"]
    return [path for path in map(shutil.which, _names()) if path is not None]


def _start(viewer: str, name: str) -> str | None:
    """Start a viewer; returns what it said if it has failed at once."""
    if sys.platform == "win32":
        os.startfile(name)  # the system's folder for temporary files keeps it
        return None
    with subprocess.Popen(
        ["/bin/sh", "-c", _SCRIPT, name, viewer, name],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as shell:
        assert shell.stdout is not None
        shell.wait()  # it has started another one, and is done
        ready, _, _ = select.select([shell.stdout], [], [], _PATIENCE)
        status = shell.stdout.read().strip() if ready else b"0"
    return None if status == b"0" else f"ended with status {status.decode()}"


def _remove(name: str) -> None:
    with suppress(OSError):
        os.remove(name)
