"""What a process that a handler forks must not keep of ours."""

import os
import socket
import weakref
from functools import partial


def close_in_forks(listener: socket.socket) -> None:
    """A forked process must not keep the port, nor take connections that it does not serve."""
    os.register_at_fork(after_in_child=partial(_close, weakref.ref(listener)))


def _close(listener: "weakref.ref[socket.socket]") -> None:
    open_one = listener()
    if open_one is not None and open_one.fileno() >= 0:
        os.close(open_one.fileno())
