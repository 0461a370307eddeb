"""The peers' own environment, in a folder of the cache: made once for each lock and Python, never the project's."""

import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

from tests.performance.progress import say
from tests.services.machine import cache_folder, exclusive

PEERS: Final = Path(__file__).with_name("peers")
LOCK: Final = PEERS / "requirements.lock"
VERSIONS: Final = """
import importlib.metadata, json
print(json.dumps({one.name: one.version for one in importlib.metadata.distributions()}))
"""


def peers_python() -> Path:
    """Its interpreter; whoever runs it is in `PEERS`."""
    digest = hashlib.sha256(LOCK.read_bytes() + sys.version.encode()).hexdigest()[:12]
    folder = cache_folder("peers") / digest
    python = folder / "bin" / "python"
    with exclusive(folder.with_suffix(".lock")):
        if not (folder / "installed").exists():
            say(f"installing the peers into {folder}, once")
            shutil.rmtree(folder, ignore_errors=True)
            subprocess.run([sys.executable, "-m", "venv", folder], check=True)
            _install(python)
            (folder / "installed").touch()
    return python


def _install(python: Path) -> None:
    """With uv, or with pip where uv can't, as `make setup` does."""
    what = ["--quiet", "--require-hashes", "--requirement", str(LOCK)]
    uv = [str(Path(sys.executable).with_name("uv")), "pip", "install", "--compile-bytecode", "--python", str(python)]
    if subprocess.run(uv + what).returncode:
        subprocess.run([str(python), "-m", "pip", "install", *what], check=True)


def versions(python: Path) -> dict[str, str]:
    """Of every library that is installed there."""
    found: dict[str, str] = json.loads(subprocess.run([python, "-c", VERSIONS], check=True, capture_output=True).stdout)
    return dict(sorted(found.items()))
