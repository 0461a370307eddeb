"""deleteTask: for admins, of tasks that have ended, with all that belongs to them."""

import pytest

from taskflow.db.lifecycle import TaskStatus
from taskflow.graph.execution.access import Forbidden, Role, Viewer
from taskflow.graph.schema.build import schema
from taskflow.graph.services import Operation, Services
from taskflow.infra.resources import Resources
from tests.graph.api import Api
from tests.graph.test_cancel_and_retry import set_status
from tests.graph.watch import change, watching

DELETE = "mutation ($id: ID!) { deleteTask(id: $id) }"
ENDED = [TaskStatus.DONE, TaskStatus.FAILED, TaskStatus.CANCELLED]


@pytest.mark.parametrize("status", TaskStatus)
async def test_a_task_is_deleted_once_it_has_ended(api: Api, resources: Resources, status: TaskStatus) -> None:
    task_id = (await api.create(idempotencyKey="k"))["id"]
    await set_status(resources, task_id, status)
    if status in ENDED:
        assert (await api.ask(DELETE, id=task_id))["deleteTask"] == task_id
        assert (await api.client.get(f"/tasks/{task_id}/events")).status_code == 404
        assert (await api.create(idempotencyKey="k"))["id"] != task_id
        entries = (await api.ask("{ audit { nodes { action subject } } }"))["audit"]["nodes"]
        assert entries == [{"action": "deleteTask", "subject": task_id}]
    else:
        error = await api.fail(DELETE, id=task_id)
        assert error["extensions"]["code"] == "CONFLICT"
        assert error["message"] == f"Task {task_id} is {status}: only one that has ended can be deleted."


@pytest.mark.parametrize("task_id", ["", "nothing", "\x00", "é" * 1000], ids=len)
async def test_one_that_is_not_there_is_not_found(api: Api, task_id: str) -> None:
    assert (await api.fail(DELETE, id=task_id))["extensions"]["code"] == "NOT_FOUND"


@pytest.mark.parametrize("role", [Role.VIEWER, Role.OPERATOR])
async def test_it_needs_the_role_admin(services: Services, api: Api, role: Role) -> None:
    task_id = (await api.create())["id"]
    somebody = Operation(services, Viewer("somebody", role))
    result = await schema.execute(DELETE, {"id": task_id}, context_value=somebody)
    assert result.errors
    assert isinstance(result.errors[0].original_error, Forbidden)


async def test_who_resumes_after_an_event_of_a_deleted_task_is_told_the_rest(api: Api, services: Services) -> None:
    deleted, other = await api.create_all({"title": "deleted"}, {"title": "other"})
    await api.ask("mutation ($id: ID!) { cancelTask(id: $id) { id } }", id=deleted)
    async with watching(services, taskId=deleted) as watch:
        [told] = await watch.events(1)
    await api.ask(DELETE, id=deleted)
    await change(api, other)
    async with watching(services, after=told["id"]) as watch:
        events = await watch.events(3)
    assert {(event["taskId"], event["version"]) for event in events} >= {(other, 2), (other, 3)}
    async with watching(services, taskId=deleted, after=told["id"]) as watch:
        assert (await watch.refusal())[0] == "NOT_FOUND"
