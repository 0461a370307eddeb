"""How fast one program enqueues, one task after the other: printed as JSON."""

import json
import sys
import time
from collections.abc import Callable
from typing import Any


def enqueue(send: Callable[[dict[str, Any]], object]) -> None:
    """As many as the command line says."""
    payload = {"message": "Task complete"}
    send(payload)  # connects, and counts with the others
    began = time.perf_counter()
    count = int(sys.argv[1]) - 1
    for _ in range(count):
        send(payload)
    print(json.dumps({"tasks": count, "seconds": time.perf_counter() - began}))
