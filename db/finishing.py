"""How attempts ended, recorded in sets."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from taskflow.db import lifecycle
from taskflow.db.lifecycle import State
from taskflow.db.models import StatusEvent, Task
from taskflow.db.outcome import Outcome
from taskflow.db.rows import locked, store, with_states
from taskflow.db.transaction import transact
from taskflow.db.writing import Fence, record, update_states


@dataclass(frozen=True, slots=True)
class Finish:
    """How an attempt ended, of the task as it was claimed; progress as the handler last reported it, or None."""

    task: Task
    outcome: Outcome
    progress: float | None = None


class _ChangedMeanwhile(Exception):
    """A row is not as it was when it was claimed."""


async def finish(
    engine: AsyncEngine, finishes: Sequence[Finish], *, now: datetime
) -> tuple[list[Task | None], list[StatusEvent]]:
    """Record how attempts ended. None where the fence did not match: the lease was lost, somebody else has the task.

    Mostly nothing was recorded of the tasks since they were claimed: they are written without being read. Where that
    is not so, nothing is, and they are read under lock.
    """
    ended = {one.task.id: state for one in finishes if (state := _after(one.task.state(), one, now))}
    if finishes and len(ended) == len(finishes):
        with suppress(_ChangedMeanwhile):
            return await transact(engine, lambda connection: _finish_unchanged(connection, finishes, ended))
    return await transact(engine, lambda connection: _finish_locked(connection, finishes, now))


def _after(state: State, one: Finish, now: datetime) -> State | None:
    if one.task.claim is None:
        return None
    if one.progress is not None:
        state = replace(state, progress=one.progress)
    return lifecycle.finish(state, one.outcome, claim=one.task.claim, now=now)


async def _finish_unchanged(
    connection: AsyncConnection, finishes: Sequence[Finish], ended: Mapping[str, State]
) -> tuple[list[Task | None], list[StatusEvent]]:
    before = {one.task.id: one.task for one in finishes}
    groups: dict[Fence, dict[str, State]] = {}
    for task in before.values():
        groups.setdefault((task.claim, task.version, task.cancel_requested), {})[task.id] = ended[task.id]
    for fence, states in groups.items():
        if await update_states(connection, states, fence=fence) < len(states):
            raise _ChangedMeanwhile
    changed = with_states(before, ended)
    return [changed[one.task.id] for one in finishes], await record(connection, changed.values())


async def _finish_locked(
    connection: AsyncConnection, finishes: Sequence[Finish], now: datetime
) -> tuple[list[Task | None], list[StatusEvent]]:
    found = await locked(connection, [one.task.id for one in finishes])
    after: dict[str, State] = {}
    matched: list[bool] = []
    for one in finishes:
        task = found.tasks.get(one.task.id)
        state = after.get(one.task.id) or (task and task.state())
        ended = state and _after(state, one, now)
        matched.append(bool(ended))
        if ended:
            after[one.task.id] = ended
    written = await store(connection, found, after)
    results = [written.tasks[one.task.id] if ok else None for one, ok in zip(finishes, matched, strict=True)]
    return results, written.events
