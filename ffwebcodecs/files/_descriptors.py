"""Names of what the process has open already, for the command line."""

from __future__ import annotations

from .._spec.texts import descriptor_of as descriptor_of
