"""A request to cancel or retry is done, or refused with the reason, in each state of the task."""

import pytest
import sqlalchemy as sa

from taskflow.db.lifecycle import TaskStatus
from taskflow.db.models import tasks
from taskflow.infra.resources import Resources
from tests.graph.api import Api


async def set_status(resources: Resources, task_id: str, status: TaskStatus) -> None:
    async with resources.engine.begin() as connection:
        await connection.execute(tasks.update().where(tasks.c.id == task_id).values(status=status, max_attempts=3))


MOVES = {
    ("cancelTask", "PENDING"): ("CANCELLED", "Cancelled"),
    ("cancelTask", "PROCESSING"): ("PROCESSING", "Cancellation requested"),
    ("retryTask", "FAILED"): ("PENDING", "Retry requested"),
    ("retryTask", "CANCELLED"): ("PENDING", "Retry requested"),
}


@pytest.mark.parametrize("status", TaskStatus)
@pytest.mark.parametrize("mutation", ["cancelTask", "retryTask"])
async def test_cancel_and_retry_do_it_or_say_why_not(
    api: Api, resources: Resources, mutation: str, status: TaskStatus
) -> None:
    task_id = (await api.create())["id"]
    await set_status(resources, task_id, status)
    document = f"mutation ($id: ID!) {{ {mutation}(id: $id) {{ status message version }} }}"
    if move := MOVES.get((mutation, status)):
        answer = (await api.ask(document, id=task_id))[mutation]
        assert answer == {"status": move[0], "message": move[1], "version": 2}
    else:
        error = await api.fail(document, id=task_id)
        assert error["extensions"]["code"] == "CONFLICT"
        assert f"Task {task_id} is {status}: only one that is" in error["message"]


@pytest.mark.parametrize("mutation", ["cancelTask", "retryTask"])
@pytest.mark.parametrize("task_id", ["", "nothing", "\x00", "é" * 1000], ids=len)
async def test_task_that_is_not_there_is_not_found(api: Api, mutation: str, task_id: str) -> None:
    error = await api.fail(f"mutation ($id: ID!) {{ {mutation}(id: $id) {{ id }} }}", id=task_id)
    assert (error["extensions"]["code"], error["path"]) == ("NOT_FOUND", [mutation])


async def test_cancelling_twice_says_the_same_and_records_once(api: Api, resources: Resources) -> None:
    task_id = (await api.create())["id"]
    await set_status(resources, task_id, TaskStatus.PROCESSING)
    document = "mutation ($id: ID!) { cancelTask(id: $id) { status message version events { version } } }"
    first, second = [(await api.ask(document, id=task_id))["cancelTask"] for _ in range(2)]
    assert first == second
    assert len(first["events"]) == 2


async def test_strangers_row_is_recorded_as_found_when_it_is_cancelled(api: Api, resources: Resources) -> None:
    async with resources.engine.begin() as connection:
        await connection.execute(sa.text("INSERT INTO tasks (id, title, status) VALUES ('s', 'Theirs', 'PENDING')"))
    document = 'mutation { cancelTask(id: "s") { version events { version status } } }'
    events = [{"version": 1, "status": "PENDING"}, {"version": 2, "status": "CANCELLED"}]
    assert (await api.ask(document))["cancelTask"] == {"version": 2, "events": events}
