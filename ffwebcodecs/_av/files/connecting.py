"""How each kind of source is connected to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .connection import Connection, StartHelper, connect_name

if TYPE_CHECKING:
    from .opening import Opening
    from .source import InputFile


def connect(source: InputFile, opening: Opening, helper: StartHelper | None) -> Connection:
    """Return the connection that suits a source, not open yet; `helper` starts the threads that
    wait, None: whoever calls waits.
    """
    if source.reader is None:
        return connect_name(source, opening, helper)
    from .object_connection import ObjectConnection  # paths do without

    return ObjectConnection(source.shown, opening.timeout, source.reader)
