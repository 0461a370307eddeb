"""The command line. Each command imports what it runs, so that a client starts fast and a worker carries no API."""

import argparse
import asyncio
import io
import os
import signal
import sys
import threading
from collections.abc import Coroutine, Sequence
from contextlib import suppress
from typing import Any, Final

from taskflow.cli.parser import REMOTE, parser
from taskflow.infra.errors import StartError

LAST_WAIT: Final = 1.0
LONGEST_END: Final = 1.8
"""Seconds."""
STDOUT: Final = 1


def work(arguments: argparse.Namespace) -> Coroutine[Any, Any, int | None]:
    """What the command does, ready to be run. Raises SettingsError."""
    if arguments.command in REMOTE:
        from taskflow.cli.remote import run_remote

        return run_remote(arguments)
    if arguments.command == "check":
        from taskflow.cli.check import check

        return check()
    from taskflow.cli import processes
    from taskflow.infra.settings import prepare

    port = getattr(arguments, "port", None)
    settings = prepare(**({"api_port": port} if port is not None else {}))
    match arguments.command:
        case "up":
            return processes.up(settings, arguments.host)
        case "api":
            return processes.api(settings, arguments.host)
        case "worker":
            return processes.worker(settings, drain=arguments.drain)
        case _:
            return processes.migrate(settings)


def run(coroutine: Coroutine[Any, Any, int | None]) -> int | None:
    """On uvloop where there is one."""
    try:
        import uvloop
    except ImportError:
        runner = asyncio.Runner()
    else:
        runner = asyncio.Runner(loop_factory=uvloop.new_event_loop)
    status: int | None = 1
    try:
        status = runner.run(coroutine)
        return status
    finally:
        _end_in_time(status or 0)
        if runner.run(_others_end()):
            runner.close()


def _end_in_time(status: int) -> None:
    """Python waits for threads that a handler has begun: those that do not end are left, with the process."""

    def leave() -> None:
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError, ValueError):
                stream.flush()
        os._exit(status)

    timer = threading.Timer(LONGEST_END, leave)
    timer.daemon = True
    timer.start()


async def _others_end() -> bool:
    """Whether all that still runs ends when it is cancelled: a handler that does not is left, with the process."""
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for one in others:
        one.cancel()
    _, going_on = await asyncio.wait(others, timeout=LAST_WAIT) if others else (None, None)
    return not going_on


def main(command: Sequence[str] | None = None) -> None:
    """Run the command, by default that of the command line, and exit with its status."""
    if os.getcwd() not in sys.path:
        sys.path.append(os.getcwd())  # last: what is installed keeps its names, every other one is the project's own
    given = list(sys.argv[1:] if command is None else command)
    arguments = parser().parse_args(given)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a terminal of few letters is shown the others as numbers
    try:
        _check_letters(given)
        if getattr(arguments, "reload", False):
            from taskflow.cli.reload import run_reloading

            sys.exit(run_reloading([word for word in given if word != "--reload"]))
        sys.exit(run(work(arguments)))
    except StartError as error:
        sys.exit("\n".join(f"taskflow: {line}" for line in str(error).splitlines()))
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        os.dup2(
            os.open(os.devnull, os.O_WRONLY), STDOUT
        )  # Python would write the rest there when it ends, and complain
        sys.exit(128 + signal.SIGPIPE)


def _check_letters(arguments: Sequence[str]) -> None:
    """Raises StartError for what the shell gave in another encoding."""
    for argument in arguments:
        if not argument.isascii() and any("\ud800" <= letter <= "\udfff" for letter in argument):
            raise StartError(f"the argument {argument!r} is not in the encoding of this terminal")
