"""How fast TaskFlow is, and its peers beside it: `python -m tests.performance`, against what the three URLs say.

Measures every row once a round, in the opposite order each second round, so that all meet the same machine. Prints the
medians after each round, and leaves `bench.json` and `bench.svg`. Ends with 1 when a task is lost or a goal is missed.
"""

import argparse
import asyncio
import shutil
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

import sqlalchemy as sa
import uvloop

from tests.performance import picture, report
from tests.performance.environment import peers_python
from tests.performance.progress import say
from tests.performance.rows import GROUPS, ROWS, Row
from tests.performance.stage import Stage, durability, where


def chosen(text: str) -> list[Row]:
    names = [name.strip() for name in text.split(",")]
    known = {*GROUPS, *(row.name for row in ROWS)}
    if unknown := set(names) - known:
        raise argparse.ArgumentTypeError(f"no {', '.join(sorted(unknown))}; there are {', '.join(sorted(known))}")
    return [row for row in ROWS if row.group in names or row.name in names]


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.performance", description=__doc__)
    parser.add_argument("--rounds", type=int, help="how often each row is measured (3; 1 with --quick)")
    only = f"rows, or all of a group: {', '.join(GROUPS)}"
    parser.add_argument("--only", type=chosen, default=ROWS, metavar="NAME,…", help=only)
    parser.add_argument("--quick", action="store_true", help="small counts: whether it works, no figures")
    parser.add_argument("--out", type=Path, default=Path("build/bench"), help="folder for the results (build/bench)")
    return parser.parse_args()


def prepare(out: Path, *, quick: bool) -> Stage:
    logs = out.absolute() / "logs"
    shutil.rmtree(logs, ignore_errors=True)
    logs.mkdir(parents=True)
    database = sa.make_url(where("DB_URL", "mariadb", "mysql"))
    if database.get_backend_name() != "mysql":
        raise SystemExit("DB_URL: the peers need MySQL or MariaDB")
    rabbitmq, redis = where("RABBITMQ_URL", "rabbitmq"), where("REDIS_URL", "redis")
    return Stage(database, rabbitmq, redis, peers_python(), logs, quick)


async def measure(stage: Stage, rows: Sequence[Row], rounds: int, out: Path) -> bool:
    """Whether all goals are reached that can be judged."""
    figures: report.Rounds = []
    surroundings = report.surroundings(stage) | {"database": await durability(stage)}
    for number in range(rounds):
        figures.append({})
        for row in rows if number % 2 == 0 else reversed(rows):
            say(f"round {number + 1} of {rounds}: {row.name}")
            figures[-1][row.name] = await row.measure(stage)
        print(report.table(figures), flush=True)
        report.save(out / "bench.json", surroundings, figures)
    found = report.medians(figures)
    picture.save(out / "bench.svg", found, report.note(surroundings, rounds))
    missed = [one for one in report.verdicts(found) if not one.is_reached]
    print(f"\n{len(missed)} goals missed; {out / 'bench.json'}, {out / 'bench.svg'}")
    return not missed


def main() -> int:
    arguments = parse()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    stage = prepare(arguments.out, quick=arguments.quick)
    rounds = arguments.rounds or (1 if arguments.quick else 3)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        is_reached = runner.run(measure(stage, arguments.only, rounds, arguments.out))
    return 0 if is_reached or arguments.quick else 1


if __name__ == "__main__":
    sys.exit(main())
