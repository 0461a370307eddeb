"""The command: `python -m tests.chaos --seed N [--seconds S] [--database mysql|mariadb] [--faults a,b] [--load a,b]`.

Prints the schedule and the verdict; 1 when something that must hold did not, with how to repeat it.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import shutil
import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from tests.chaos.load import COMING
from tests.chaos.run import Report, chaos
from tests.chaos.schedule import FAULTS, schedule
from tests.chaos.servers import Database, Missing, Servers, open_servers

SHOWN = 25


@dataclass(frozen=True)
class Chosen:
    """Only these faults, and only these tasks; where there are none, all."""

    faults: list[str]
    load: list[str]

    def __str__(self) -> str:
        return "".join(
            f" --{name} {','.join(some)}" for name, some in (("faults", self.faults), ("load", self.load)) if some
        )


def main() -> int:
    arguments = _parser().parse_args()
    logging.disable(logging.ERROR)  # what the libraries say of the faults
    chosen = Chosen(_names(arguments.faults), _names(arguments.load))
    for what, some, known in (("faults", chosen.faults, FAULTS), ("load", chosen.load, COMING)):
        if unknown := set(some) - known.keys():
            print(f"there is no {', '.join(sorted(unknown))} in the {what}; there is {', '.join(known)}")
            return 2
    databases = [arguments.database] if arguments.database else [*get_args(Database)]
    failed, until, seed = 0, time.monotonic() + 60 * arguments.minutes, arguments.seed
    with ExitStack() as stack:
        servers: dict[str, Servers] = {}
        while seed == arguments.seed or time.monotonic() + 1.5 * arguments.seconds < until:
            database = databases[seed % len(databases)]
            try:
                servers[database] = servers.get(database) or stack.enter_context(open_servers(database))
            except Missing as error:
                print(error)
                return 2
            failed += not one_run(servers[database], database, seed, arguments.seconds, chosen)
            seed += 1
    if arguments.minutes:
        print(f"{seed - arguments.seed} runs, {failed} with violations")
    return 1 if failed else 0


def one_run(servers: Servers, database: Database, seed: int, seconds: float, chosen: Chosen) -> bool:
    """Whether nothing was violated; what it left is kept when something was."""
    print(f"seed {seed} on {database} and {servers.database.url}: {seconds:.0f} s")
    for fault in schedule(seed, seconds, chosen.faults):
        print(f"  {fault}")
    sys.stdout.flush()
    folder = Path(tempfile.mkdtemp(prefix=f"chaos-{seed}-"))
    run = chaos(servers, folder, seed=seed, seconds=seconds, names=chosen.faults, coming=chosen.load)
    report = asyncio.run(run)
    print(verdict(report))
    if report.violations:
        print(f"again: python -m tests.chaos --seed {seed} --seconds {seconds:g} --database {database}{chosen}")
        print(f"logs: {folder}")
    else:
        shutil.rmtree(folder)
    sys.stdout.flush()
    return not report.violations


def verdict(report: Report) -> str:
    figures = (
        f"{len(report.faults)} faults, {report.tasks} tasks, {report.retried} retried, "
        f"{report.starts} starts of handlers, {report.deaths} workers ended by one, {report.lost} attempts lost, "
        f"longest recovery {report.recovery:.1f} s, longest silence {report.silence:.1f} s, "
        f"quiet {report.rest:.1f} s after the last"
    )
    if not report.violations:
        return f"seed {report.seed} HELD: {figures}"
    shown = "\n".join(f"  {sentence}" for sentence in report.violations[:SHOWN])
    return f"seed {report.seed} VIOLATED {len(report.violations)} times: {figures}\n{shown}"


def _names(listed: str) -> list[str]:
    return [one for one in listed.split(",") if one]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description="Faults under load, and what must hold.")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=60.0, help="of load and faults (60)")
    parser.add_argument("--minutes", type=float, default=0.0, help="more seeds, one after the other, for so long")
    parser.add_argument("--database", choices=get_args(Database), help="by default both, in turn")
    parser.add_argument("--faults", default="", help="only these, separated by commas")
    parser.add_argument("--load", default="", help="only these of what comes, separated by commas")
    return parser


if __name__ == "__main__":
    sys.exit(main())
