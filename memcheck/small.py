"""All scenarios in small, in one process: what Valgrind and AddressSanitizer look at.

``python -m memcheck.small [--cycles N]``
"""

from __future__ import annotations

import argparse
import sys
import warnings

from .scenario import all_scenarios
from .worker import Run, settle


def main() -> int:
    """Run every scenario that does not leak on purpose; return the exit status."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--cycles", type=int, default=100)
    cycles = parser.parse_args().cycles
    warnings.simplefilter("ignore", ResourceWarning)
    failed = 0
    for scenario in all_scenarios().values():
        if scenario.leaks:
            continue
        Run(scenario).whole(max(scenario.each, cycles))
        left = settle()
        print(f"{scenario.name:22} {f'left: {left}' if left else 'ok'}", flush=True)
        failed += bool(left)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
