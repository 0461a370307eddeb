"""Where a service's programs come from: this machine, or a Debian system in a folder of the cache. Starts nothing."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_FOLDERS = ("/usr/lib/rabbitmq/bin", "/usr/sbin", "/usr/bin", "/usr/local/sbin", "/usr/local/bin", "/opt/homebrew/sbin")
_BEGAN = time.monotonic()


class MissingError(Exception):
    """Why a service can't be had here, as a sentence for the person who ran the tests."""


def say(line: str) -> None:
    """One line of progress, with the seconds since the start."""
    sys.stderr.write(f"services: {time.monotonic() - _BEGAN:4.0f} s  {line}\n")  # whole, also from several threads
    sys.stderr.flush()


def cache_folder(name: str) -> Path:
    """A folder that outlives the run and the checkout."""
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = base / "taskflow" / "services" / name
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@contextmanager
def exclusive(lock: Path) -> Iterator[None]:
    """One process and one thread at a time; a holder that dies lets go."""
    with lock.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


@dataclass(frozen=True)
class Machine:
    """A file tree with programs in it: the one we run on, or `root`, entered by chroot."""

    root: Path | None = None

    def __str__(self) -> str:
        return "this machine's programs" if self.root is None else f"the Debian root {self.root.name}"

    def program(self, *names: str) -> str:
        """The path, as seen inside, of the first of `names` that there is. Raises MissingError."""
        for name in names:
            if self.root is None and (path := shutil.which(name, path=os.pathsep.join([*_FOLDERS, *_path()]))):
                return path
            for folder in _FOLDERS:
                if self.root is not None and os.path.lexists(f"{self.root}{folder}/{name}"):
                    return f"{folder}/{name}"
        raise MissingError(f"{' or '.join(names)} is not installed")

    def version(self, program: str) -> tuple[int, ...]:
        """The version that `program --version` prints first."""
        printed = subprocess.run(self.enter([program, "--version"]), capture_output=True, text=True, check=False).stdout
        found = re.search(r"(?:Ver |v=)(\d+)\.(\d+)", printed)
        return (int(found[1]), int(found[2])) if found else ()

    def says(self, program: str, word: str) -> bool:
        """Whether `program --version` prints `word`."""
        printed = subprocess.run(self.enter([program, "--version"]), capture_output=True, text=True, check=False).stdout
        return word.lower() in printed.lower()

    def enter(self, command: list[str]) -> list[str]:
        """`command` as it has to be run from here."""
        return command if self.root is None else ["chroot", str(self.root), *command]

    def new_folder(self, prefix: str) -> Path:
        """An empty folder for one server's data, as seen from here."""
        parent = cache_folder("data") if self.root is None else self.root / "srv"
        return Path(tempfile.mkdtemp(prefix=f"{prefix}-", dir=parent))

    def inside(self, folder: Path) -> str:
        """What a program of this machine calls `folder`."""
        return str(folder if self.root is None else Path("/") / folder.relative_to(self.root))


def _path() -> list[str]:
    return os.environ.get("PATH", os.defpath).split(os.pathsep)
