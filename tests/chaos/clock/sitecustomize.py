"""Python imports this at the start of each process that the chaos driver starts, and of no other.

It gives the process a wall clock that the driver can step: the file CHAOS_CLOCK holds the seconds to add. And a thread
that notes in CHAOS_JOURNAL when the process did not run for a while, or waited for a processor most of the time.
`datetime.now` is the only wall clock that the product reads. Python has no interface to replace that of a built-in
type, so its namespace is written to: CPython 3.11 to 3.13 allow that.
"""

import ctypes
import datetime
import gc
import mmap
import os
import struct
import threading
import time
from typing import Any

STEP = 0.1
STALLED = 1.0
STARVED = 0.5
"""The part of WINDOW seconds for which the thread waited for its turn. A machine that is kept busy by others does that;
a handler that computes without end leaves the thread one turn in about 5 ms."""
WINDOW = 1.0


def put_a_clock_in_place(path: str) -> None:
    with open(path, "rb") as file:
        memory = mmap.mmap(file.fileno(), 8, access=mmap.ACCESS_READ)
    real = datetime.datetime.now

    def now(cls: type[datetime.datetime], tz: datetime.tzinfo | None = None) -> datetime.datetime:
        return real(tz) + datetime.timedelta(seconds=struct.unpack("d", memory[:8])[0])

    names: Any = gc.get_referents(datetime.datetime.__dict__)[0]
    names["now"] = classmethod(now)
    ctypes.pythonapi.PyType_Modified(ctypes.py_object(datetime.datetime))


def witness(path: str) -> None:
    since, late = time.monotonic(), 0.0
    while True:
        began = time.monotonic()
        time.sleep(STEP)
        ended = time.monotonic()
        late += ended - began - STEP
        if ended - began > STALLED:
            note(path, began, ended)
        if ended - since > WINDOW:
            if late > STARVED * (ended - since):
                note(path, since, ended)
            since, late = ended, 0.0


def note(path: str, began: float, ended: float) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(handle, f"stall {os.getpid()} {began} {ended}\n".encode())
    os.close(handle)


if "CHAOS_CLOCK" in os.environ:
    put_a_clock_in_place(os.environ["CHAOS_CLOCK"])
    threading.Thread(target=witness, args=[os.environ["CHAOS_JOURNAL"]], daemon=True, name="witness").start()
