"""What was found: medians of the rounds, how they compare with the goals, the tables, and `bench.json`."""

import json
import os
import platform
import statistics
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.performance.drains import Figures
from tests.performance.environment import versions
from tests.performance.rows import GROUPS, ROWS, Goal, Row
from tests.performance.stage import Stage
from tests.services.probe import ProbeError, Service, probe

Rounds = list[dict[str, Figures]]
"""Of each round, the figures of each row by its name."""


@dataclass(frozen=True)
class Verdict:
    """`value` is what the goal's bound is compared with."""

    row: str
    goal: Goal
    value: float

    @property
    def is_reached(self) -> bool:
        return self.goal.is_reached(self.value)


def medians(rounds: Rounds) -> dict[str, Figures]:
    """A row's figures, of the rounds that have it."""
    found: dict[str, Figures] = {}
    for row in ROWS:
        measured = [one[row.name] for one in rounds if row.name in one]
        if measured:
            found[row.name] = {name: statistics.median(one[name] for one in measured) for name in measured[0]}
    return found


def verdicts(found: dict[str, Figures]) -> list[Verdict]:
    """On every goal that what was measured can answer."""
    return [
        Verdict(row.name, goal, found[row.name][goal.figure] / (found[goal.of][goal.figure] if goal.of else 1))
        for row in ROWS
        for goal in row.goals
        if row.name in found and (goal.of is None or goal.of in found)
    ]


def table(rounds: Rounds) -> str:
    """All groups, for a terminal."""
    found = medians(rounds)
    judged = verdicts(found)
    lines = []
    for group in GROUPS:
        rows = [row for row in ROWS if row.group == group and row.name in found]
        if rows:
            lines += ["", f"{group} (medians of {len(rounds)})", *(_line(row, found[row.name]) for row in rows)]
            lines += [_judgement(one) for one in judged if one.row in {row.name for row in rows}]
    return "\n".join(lines)


def _line(row: Row, figures: Figures) -> str:
    values = "  ".join(f"{_number(value):>9} {name}" for name, value in figures.items())
    return f"  {row.name:22} {row.says:33} {values}"


def _judgement(verdict: Verdict) -> str:
    word = "reached" if verdict.is_reached else "MISSED "
    times = " times" if verdict.goal.of else ""
    return f"    {word} {verdict.row:18} {_number(verdict.value) + times:>12}   goal: {verdict.goal}"


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def surroundings(stage: Stage) -> dict[str, Any]:
    """On what it is measured: the commit, the machine before the load, servers and libraries with their versions."""
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": _git("rev-parse", "HEAD"),
        "is_changed": bool(_git("status", "--porcelain")),
        "is_quick": stage.quick,
        "machine": {
            "cores": len(os.sched_getaffinity(0)),
            "processor": _processor(),
            "system": platform.platform(),
            "python": platform.python_version(),
            "load_average": os.getloadavg(),
        },
        "servers": _servers(stage),
        "libraries": {"ours": versions(Path(sys.executable)), "peers": versions(stage.python)},
    }


def save(path: Path, where: dict[str, Any], rounds: Rounds) -> None:
    found = medians(rounds)
    goals = [
        {"row": one.row, "goal": str(one.goal), "value": one.value, "is_reached": one.is_reached}
        for one in verdicts(found)
    ]
    everything = where | {"rounds": rounds, "medians": found, "goals": goals}
    path.write_text(json.dumps(everything, indent=1, ensure_ascii=False) + "\n")


def note(where: dict[str, Any], rounds: int) -> str:
    """What the picture says beneath."""
    trial = "A trial, no figures. " if where["is_quick"] else ""
    machine, servers = where["machine"], ", ".join(where["servers"])
    what = f"{trial}Medians of {rounds}; {machine['cores']} cores, Python {machine['python']}"
    return f"{what}, {servers}; {where['date'][:10]}"


def _git(*arguments: str) -> str | None:
    """None where this is no checkout."""
    folder = Path(__file__).parent
    answer = subprocess.run(["git", *arguments], cwd=folder, capture_output=True, text=True, check=False)
    return answer.stdout.strip() if answer.returncode == 0 else None


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown")


def _servers(stage: Stage) -> list[str]:
    """What each calls itself, and its version."""
    places: list[tuple[Service, str]] = [
        ("mysql", stage.database.render_as_string(hide_password=False)),
        ("mariadb", stage.database.render_as_string(hide_password=False)),
        ("rabbitmq", stage.rabbitmq),
        ("redis", stage.redis),
    ]
    found = []
    for service, url in places:
        try:
            found.append(str(probe(service, url)))
        except ProbeError:
            continue  # MySQL where it is MariaDB, and the other way round
    return found
