"""What must hold of every accepted task, whatever happened meanwhile."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from itertools import pairwise

from tests.integration.api import ENDED, Watcher
from tests.integration.cluster import Cluster

MOVES = {
    "PENDING": {"PROCESSING", "CANCELLED"},
    "PROCESSING": {"PROCESSING", "DONE", "FAILED", "CANCELLED", "PENDING"},
    "FAILED": {"PENDING"},
    "CANCELLED": {"PENDING"},
    "DONE": set(),
}


async def check_histories(cluster: Cluster, ids: Iterable[str]) -> Counter[str]:
    """One history each, without holes, of allowed moves, each attempt started once. How often each error was met."""
    names = list(ids)
    rows, histories = await cluster.rows(names), await cluster.histories(names)
    assert set(rows) == set(names)
    errors: Counter[str] = Counter()
    for task_id, history in histories.items():
        statuses = [event.status.value for event in history]
        assert [event.version for event in history] == list(range(1, len(history) + 1)), (task_id, history)
        assert statuses[0] == "PENDING"
        assert statuses[-1] in ENDED, (task_id, statuses)
        assert all(after in MOVES[before] for before, after in pairwise(statuses)), statuses
        row = rows[task_id]
        assert (row.status, row.version) == (statuses[-1], len(history))
        starts = [event.attempt for event in history if event.status == "PROCESSING"]
        given_back = sum("Given back" in (event.message or "") for event in history)
        assert len(starts) - given_back == row.attempt, (task_id, history)
        errors.update(event.error["type"] for event in history if event.error)
    journal = Counter(cluster.journal())
    again = {start: count for start, count in journal.items() if count > 1 and start[0] in rows}
    given_back_ids = {
        event.task_id for one in histories.values() for event in one if "Given back" in str(event.message)
    }
    assert not {start for start in again if start[0] not in given_back_ids}, again
    return errors


async def check_watcher(cluster: Cluster, watcher: Watcher, ids: Iterable[str]) -> None:
    """It saw every version of every task, and each first time in order."""
    for task_id, history in (await cluster.histories(ids)).items():
        seen = watcher.versions.get(task_id, {})
        missed = [(event.version, event.status.value) for event in history if event.version not in seen]
        assert not missed, (task_id, missed, watcher.connections)
    assert not [event for event in watcher.out_of_order if event["taskId"] in set(ids)]


def check_logs(cluster: Cluster) -> None:
    """Nothing in any log is a traceback of ours."""
    for program in cluster.programs:
        broken = [line for line in program.lines() if "exception" in line or line.get("level") in ("error", "critical")]
        assert not broken, (program.name, broken[:3])
        assert "Traceback" not in program.text(), program.text()[-5000:]
