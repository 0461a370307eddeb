"""Threads for plain handlers are used again, and none waits for another."""

import subprocess
import sys
import threading
from queue import SimpleQueue

from taskflow.worker.threads import Threads

FORKS = """
import os, queue
from taskflow.worker.threads import Threads

told = queue.SimpleQueue()
Threads().run(os.fork, told.put)
_, status = os.waitpid(told.get(), 0)
assert told.empty(), "the child told of its end too"
"""


def test_a_thread_that_has_told_of_its_end_is_used_again() -> None:
    threads, told = Threads(), SimpleQueue[int]()
    used = set()
    for _ in range(20):
        threads.run(threading.get_ident, told.put)
        used.add(told.get(timeout=5))
    assert len(used) == 1


def test_as_many_run_at_once_as_are_asked_for() -> None:
    threads, told, together = Threads(), SimpleQueue[int](), threading.Barrier(5)
    for _ in range(5):
        threads.run(lambda: together.wait(timeout=5), told.put)
    assert sorted(told.get(timeout=5) for _ in range(5)) == [0, 1, 2, 3, 4]


def test_what_a_handler_forked_ends_with_its_function() -> None:
    subprocess.run([sys.executable, "-c", FORKS], check=True, timeout=20)
