"""Proves that ffwebcodecs leaks nothing: ``python -m memcheck`` (``make memcheck``).

Theory of operation. A *scenario* does one thing again and again. Each runs in a process of its own,
twice in each FFI mode:

* under memray, with native traces and Python's allocators, after a warm-up: what FFmpeg or our
  modules allocated during the run and did not free by its end is a leak (`leaks`);
* without memray: how much the process grew between a tenth of the cycles and all of them
  (`worker`). This sees what memray cannot, such as memory that is freed too late or fragmented.

Self-test scenarios leak on purpose. The run fails if they are not caught, and not traced to their
line.

To add a scenario, write it into a module under `scenarios`; every module there is imported.
"""
