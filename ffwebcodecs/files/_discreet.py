"""How the command line hides what a URL holds of secrets."""

from __future__ import annotations

from .._spec.discreet import discreet as discreet
