"""What the command line takes."""

import argparse
from collections.abc import Callable
from typing import Any, Final

from taskflow.db.lifecycle import TaskStatus

SHOWN: Final = {
    "list": "the tasks that pass, the newest first",
    "get": "one task, every field",
    "retry": "run FAILED or CANCELLED tasks again; exit 1 when one is refused",
    "cancel": "stop tasks; exit 1 when one is refused",
    "kinds": "every kind that tasks have",
    "queues": "every queue, with what waits and runs, its workers, and whether it is paused",
    "workers": "every worker process that was heard of lately",
    "pause": "have workers take nothing more from a queue; what they hold runs on",
    "resume": "have workers take from a queue again",
}
"""The commands that show a table, or JSON."""
REMOTE: Final = frozenset({"submit", "watch", "seed", *SHOWN})
"""The commands that ask the API at $TASKFLOW_URL."""


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(prog="taskflow", description="Background work over GraphQL: durable, retried, live.")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, help_ in (("up", "API and worker in one process"), ("api", "the API, without a worker")):
        command = commands.add_parser(name, help=help_, description=help_)
        command.add_argument("--host", default="127.0.0.1", help="address to listen on (127.0.0.1)")
        command.add_argument("--port", help="port to listen on ($API_PORT, 8000)")
        if name == "up":
            _add_reload(command)
    worker = commands.add_parser("worker", help="a worker with its dispatcher; SIGTERM drains")
    _add_reload(worker)
    worker.add_argument("--drain", action="store_true", help="work until nothing is left or due, then exit 0")
    commands.add_parser("migrate", help="bring the database to the newest revision; safe to run twice")
    commands.add_parser("check", help="what would stop a start: settings, database, broker, bus, handlers; exit 0 or 1")
    submit = commands.add_parser("submit", help="create a task over the API at $TASKFLOW_URL")
    submit.add_argument("title")
    submit.add_argument("--payload", metavar="JSON", help="an object")
    submit.add_argument("--kind", metavar="K", help="which handler runs it (message)")
    submit.add_argument("--watch", action="store_true", help="follow it to its end: exit 0 for DONE, else 1")
    watch = commands.add_parser("watch", help="follow one task, or all, live")
    watch.add_argument("id", nargs="?", help="a task's id; all of them when not given")
    seed = commands.add_parser(
        "seed",
        help="create sample tasks over the API",
        description="create sample tasks over the API; workers run them with WORKER_HANDLERS=taskflow.worker.examples",
    )
    seed.add_argument("--count", type=_positive(int), default=100, metavar="N", help="how many (100)")
    seed.add_argument("--rate", type=_positive(float), metavar="R", help="so many a second (as fast as they are taken)")
    _add_tables(commands)
    return top


def _add_tables(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    made = {name: commands.add_parser(name, help=help_, description=help_) for name, help_ in SHOWN.items()}
    for command in made.values():
        command.add_argument("--json", action="store_true", help="as JSON, with the keys of the REST calls")
    made["get"].add_argument("id", help="a task's id")
    for name in ("retry", "cancel"):
        made[name].add_argument("id", nargs="+", help="tasks' ids")
    for name in ("pause", "resume"):
        made[name].add_argument("queue", help="its name; any queue, also one that nobody uses yet")
    made["pause"].add_argument("reason", nargs="?", help="for who looks at it")
    listing = made["list"]
    statuses = [status.value for status in TaskStatus]
    listing.add_argument(
        "--status",
        action="append",
        type=str.upper,
        choices=statuses,
        metavar="S",
        help=f"{', '.join(statuses)}; may be repeated",
    )
    listing.add_argument("--kind", metavar="K", help="of this kind")
    listing.add_argument("--queue", metavar="Q", help="in this queue")
    listing.add_argument("--search", metavar="W", help="words of the title, each by its beginning; or a whole id")
    listing.add_argument("--limit", type=_positive(int), default=50, metavar="N", help="how many at most (50)")


def _add_reload(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--reload", action="store_true", help="start again when a Python file of the handlers' project changes"
    )


def _positive(kind: Callable[[str], Any]) -> Callable[[str], Any]:
    def number(text: str) -> Any:
        value = kind(text)
        if not 0 < value < float("inf"):
            raise argparse.ArgumentTypeError("takes a number above 0")
        return value

    return number
