"""Lines that tell what is being measured, beside the figures."""

import sys
import time
from typing import Final

BEGAN: Final = time.monotonic()


def say(line: str) -> None:
    sys.stderr.write(f"bench: {time.monotonic() - BEGAN:5.0f} s  {line}\n")
    sys.stderr.flush()
