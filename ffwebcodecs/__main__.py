"""``python -m ffwebcodecs``: the command line."""

from __future__ import annotations

import os
import sys

try:
    from .cli import main
except KeyboardInterrupt:
    os._exit(130)  # nothing is open yet, and a second Ctrl-C has no time to change the status

if __name__ == "__main__":
    sys.exit(main())
