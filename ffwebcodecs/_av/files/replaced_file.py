"""What a file that is replaced by another one hands on to it: its owner, and who may use it."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import Any

_ACCESS_LIST = "system.posix_acl_access"  # of Linux
_EVERYBODY = 0o777  # writing takes away set-user-ID and its like too
_GROUP, _OTHERS = 0o070, 0o007


class ReplacedFile:
    """Owner and permissions of a file that is there; raises OSError if there is none.

    Parameters
    ----------
    path : str
    """

    __slots__ = ("_list", "_stat")

    def __init__(self, path: str) -> None:
        self._stat = os.stat(path)
        self._list: bytes | None = None
        with suppress(OSError, AttributeError):  # none, or a system that has no such thing
            self._list = os.getxattr(path, _ACCESS_LIST)

    def hand_on(self, descriptor: int) -> None:
        """Give all of it, as far as the system allows it, to a file that only its owner can use.

        That one is at no time open to somebody for whom the one before was closed.
        """
        before, now = self._stat, os.fstat(descriptor)
        mode = before.st_mode & _EVERYBODY
        if before.st_uid != now.st_uid:
            _try("fchown", descriptor, before.st_uid, -1)  # else it is of whoever writes it
        if before.st_gid != now.st_gid and not _try("fchown", descriptor, -1, before.st_gid):
            mode = _closed_to_the_group(mode)
        if self._list is None:
            # A folder may have given it a list of its own, which the mode would open.
            _try("removexattr", descriptor, _ACCESS_LIST)
        elif not _try("setxattr", descriptor, _ACCESS_LIST, self._list):
            mode = _closed_to_the_group(mode)  # whose permissions are in the list
        _try("fchmod", descriptor, mode)

    def hand_on_to(self, path: str) -> None:
        """Do so with a file by its name; raises OSError."""
        descriptor = os.open(path, os.O_RDONLY)
        try:
            self.hand_on(descriptor)
        finally:
            os.close(descriptor)


def _closed_to_the_group(mode: int) -> int:
    """Return a mode that gives the group no more than others have."""
    return mode & ~_GROUP | mode & _GROUP & (mode & _OTHERS) << 3


def _try(name: str, *arguments: Any) -> bool:
    """Call a function of `os`; return whether this system has it, and it did what it does."""
    try:
        getattr(os, name)(*arguments)
    except (OSError, AttributeError):
        return False
    return True
