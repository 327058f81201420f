"""``python -m ffwebcodecs``: the command line."""

from __future__ import annotations

import sys

try:
    from .cli import main
except KeyboardInterrupt:
    sys.exit(130)

if __name__ == "__main__":
    sys.exit(main())
