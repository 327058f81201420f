"""SCHEDULES: the control queue, the worker thread, the frame pool, delivery. No raw pointers pass
through here.

Who may hold what:

* The worker thread holds an `Engine`, never the public codec: a codec that the program drops is
  collected, and its destructor stops the worker.
* Callbacks belong to the codec; the engine reaches them through a weak reference, for as long as a
  callback runs.
* The native codec is used under the engine's core lock, which is never held while a callback runs:
  so `close` waits for one step at most, which is one picture or about 2 ms, and cannot wait for
  itself.
"""
