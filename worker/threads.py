"""Daemon threads for handlers that are plain functions, used again: to start one costs as much as to record its task.

Never a pool that waits for its threads: one that does not return can't keep the process from ending.
"""

import os
import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any, Final

Work = tuple[Callable[[], Any], Callable[[Any], None]]


class Threads:
    """As many as ever ran at once. What runs in one is never waited for by another."""

    def __init__(self) -> None:
        self._idle: list[SimpleQueue[Work]] = []

    def run(self, function: Callable[[], Any], tell: Callable[[Any], None]) -> None:
        """Call `function` in a thread, and there `tell` with what it gives. Neither may raise."""
        try:
            inbox = self._idle.pop()
        except IndexError:
            inbox = SimpleQueue()
            threading.Thread(target=self._serve, args=(inbox,), daemon=True, name="handler").start()
        inbox.put((function, tell))

    def _serve(self, inbox: "SimpleQueue[Work]") -> None:
        process = os.getpid()
        while True:
            function, tell = inbox.get()
            result = function()
            if os.getpid() != process:
                return  # the handler forked, and its child has come to the end of it
            self._idle.append(inbox)  # before anybody hears of it, and may want a thread
            tell(result)
            del function, tell, result  # nothing of a task is kept until the next


THREADS: Final = Threads()
"""Those of this process."""
