"""OWNS: every native FFmpeg object, its one owner, its one free function.

Rules of this layer:

* A native object is born in a function here that returns its *owner*, a pointer; the free function
  is named there and nowhere else, and is called when the owner has gone (`keeping`).
* Its owner is there before it is, so that no interrupt can come in between: `atomic` has the ways.
* Closing is *dropping the last Python reference* to the owner. A call that is running without
  the GIL holds one on its own stack, so closing an object on another thread can delay the release
  by that call, and can never free memory in use. (``ffi.release`` would free under a running call:
  it is not used.)
* An ``AVFrame`` is never written again once a second owner may see it: clones share it.
"""
