"""`--reload`: the command runs in a process of its own, which starts again when a Python file of the project changes.

For development alone. A server process imports TaskFlow once and forks each run, so that a run starts within a moment;
the project's own modules are imported by the run, and so are always read anew.
"""

import importlib.util
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Iterable, Iterator, Sequence
from multiprocessing.connection import wait
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Final

import watchfiles

from taskflow.infra.settings import load_settings

PRELOADED: Final = {
    "up": ["taskflow.embedded", "taskflow.db.migrate"],
    "worker": ["taskflow.working", "taskflow.infra.broker.rabbitmq", "taskflow.infra.bus.redis"],
}
"""What a run of each command imports."""
LOOK_EVERY_MS: Final = 200
GATHER_MS: Final = 50
"""For how long the changes of one save are gathered."""
STOP_SECONDS: Final = 10
"""What a run may take to give back its tasks and end."""
IGNORED: Final = {"node_modules", "site-packages", "dist", "build", "__pycache__"}


def run_reloading(arguments: Sequence[str]) -> int:
    """Run the command `arguments` until SIGTERM or SIGINT, again and again. Raises SettingsError."""
    folders = list(watched(load_settings().worker_handlers))
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(PRELOADED[arguments[0]])
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda number, frame: stop.set())
    run = _start(context, arguments)
    try:
        for changes in _changes(folders, stop):
            if changes:
                names = ", ".join(sorted({os.path.relpath(path) for _, path in changes}))
                _say(f"{names} changed: starting again")
                _end(run)
                run = _start(context, arguments)
            elif run.exitcode == 0:
                return 0
    except KeyboardInterrupt:
        pass
    finally:
        _end(run)
    return 0


def watched(modules: Iterable[str]) -> Iterator[str]:
    """The folders that these modules are in, and those beside them, which they may import: all but other people's."""
    homes = dict.fromkeys([_home(module.partition(".")[0]) for module in modules] or [Path.cwd()])
    for home in homes:
        if home.name == "site-packages":
            continue
        yield from (str(file) for file in home.glob("*.py"))
        for folder in home.iterdir():
            is_own = not (folder.name.startswith(".") or folder.name in IGNORED or (folder / "pyvenv.cfg").exists())
            if is_own and folder.is_dir():
                yield str(folder)


def _home(name: str) -> Path:
    """Where a top-level module is imported from; this directory when it can't be found."""
    spec = importlib.util.find_spec(name)
    if spec is None or spec.origin is None:
        return Path.cwd()
    parent = Path(spec.origin).parent
    return parent.parent if spec.submodule_search_locations else parent


def _changes(folders: Sequence[str], stop: threading.Event) -> Iterator[set[tuple[watchfiles.Change, str]]]:
    """What changed at once; an empty set now and then, so that a run that ended is noticed."""
    return watchfiles.watch(
        *folders,
        watch_filter=watchfiles.PythonFilter(),
        debounce=GATHER_MS,
        rust_timeout=LOOK_EVERY_MS,
        yield_on_timeout=True,
        stop_event=stop,
    )


def _start(context: multiprocessing.context.ForkServerContext, arguments: Sequence[str]) -> ForkServerProcess:
    run = context.Process(target=run_once, args=(list(arguments),), name="taskflow", daemon=True)
    run.start()
    return run


def _end(run: ForkServerProcess) -> None:
    run.terminate()
    run.join(STOP_SECONDS)
    if run.is_alive():
        run.kill()
        run.join()


def run_once(arguments: list[str]) -> None:
    """The command itself, in a process of its own that ends with the one that watches."""
    from taskflow.cli import main

    threading.Thread(target=_end_with_parent, daemon=True).start()
    os.environ["WORKER_SHUTDOWN_TIMEOUT"] = "0"  # what runs is given back at once
    try:
        main(arguments)
    except SystemExit as end:
        if isinstance(end.code, str):
            _say(f"{end.code}\ntaskflow: waiting for a change")
            raise SystemExit(1) from None
        raise


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os.kill(os.getpid(), signal.SIGTERM)


def _say(line: str) -> None:
    sys.stderr.write(line if line.startswith("taskflow: ") else f"taskflow: {line}")
    sys.stderr.write("\n")
    sys.stderr.flush()
