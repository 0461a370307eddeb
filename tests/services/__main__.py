"""The command: `python -m tests.services run -- CMD | status | start | stop`."""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
from types import FrameType

from tests import services
from tests.services.bringup import BringUp, place
from tests.services.machine import say
from tests.services.server import clear, records, stop


def main() -> int:
    arguments = _parser().parse_args()
    signal.signal(signal.SIGTERM, _leave)
    clear()
    if arguments.action == "run":
        return run(arguments.command)
    return {"start": start, "stop": stop_all, "status": status}[arguments.action]()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.services", description="The real services for the tests.")
    actions = parser.add_subparsers(dest="action", required=True)
    runner = actions.add_parser(
        "run", help="find or start the services, run a command with their URLs, stop them again"
    )
    runner.add_argument("command", nargs="+", metavar="CMD")
    actions.add_parser("start", help="find or start the services; the started ones stay")
    actions.add_parser("stop", help="stop what start started")
    actions.add_parser("status", help="say where each service is")
    return parser


def run(command: list[str]) -> int:
    """Run `command` with the services' URLs around it; its exit status, or 1 when a required service is missing."""
    with BringUp(owner=os.getpid()) as services_up:
        urls = services_up.all()
        if services.required() and len(urls) < len(services.SERVICES):
            say("TASKFLOW_REQUIRE_SERVICES is set, so a missing service is a failure")
            return 1
        variables = {services.variable(name): url for name, url in urls.items()}
        return _wait(subprocess.Popen(command, env=os.environ | variables))


def _wait(process: subprocess.Popen[bytes]) -> int:
    while True:
        try:
            code = process.wait()
        except KeyboardInterrupt:
            continue  # the command has it too, and ends in its own way
        except SystemExit:
            process.terminate()
            process.wait()
            raise
        return code if code >= 0 else 128 - code


def _leave(number: int, _: FrameType | None) -> None:
    sys.exit(128 + number)


def start() -> int:
    with BringUp(owner=0) as services_up:
        urls = services_up.all()
        services_up.keep()
    for name, url in urls.items():
        print(f"export {services.variable(name)}={url}")
    return 0 if len(urls) == len(services.SERVICES) else 1


def stop_all() -> int:
    for record, alive in records():
        if record.owner == 0:
            stop(record)
            say(f"{record.service}: {'stopped' if alive else 'had ended'}")
    return 0


def status() -> int:
    found = {name: services.find(name) for name in services.SERVICES}
    for name, (url, what) in found.items():
        print(f"{name:9} {what} at {place(url)}" if url else f"{name:9} {services.sentence(name)}")
    return 0 if all(url for url, _ in found.values()) else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(128 + signal.SIGINT)
