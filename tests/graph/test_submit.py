"""Creating: committed before it is answered, announced then, published after the answer, and at the end."""

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from taskflow.db import dispatch, queries, tasks
from taskflow.db.errors import IdempotencyConflict, StoreUnavailable
from taskflow.db.models import Task
from taskflow.infra import submitter as submit
from taskflow.infra.broker import TaskMessage
from taskflow.infra.bus import CANCEL_CHANNEL, STATUS_CHANNEL
from taskflow.infra.events.status import decode
from taskflow.infra.input import TaskInput
from taskflow.infra.new_task import validate
from taskflow.infra.resources import Resources
from taskflow.infra.submitter import Submitter, open_submitter
from tests.contracts.waiting import eventually


@pytest.fixture
async def submitter(resources: Resources) -> Any:
    async with open_submitter(resources) as opened:
        yield opened


async def create(submitter: Submitter, *titles: str, **values: Any) -> list[Task]:
    inputs = [TaskInput(title, **values) for title in titles]
    return (await submitter.create(validate(inputs, payload_max_bytes=1000))).tasks


async def depth(resources: Resources) -> int:
    return await resources.broker.depth("default")


async def dispatch_at(resources: Resources, task_id: str) -> Any:
    return (await queries.get(resources.engine, [task_id]))[task_id].dispatch_at


async def test_created_task_is_published_and_off_the_dispatchers_list(
    submitter: Submitter, resources: Resources
) -> None:
    [task] = await create(submitter, "A", payload={"a": 1})
    assert await queries.get(resources.engine, [task.id]) == {task.id: task}

    async def published() -> bool:
        return await depth(resources) == 1 and await dispatch_at(resources, task.id) is None

    await eventually(published)
    async with resources.broker.consume(["default"], prefetch=1) as consumer:
        delivery = await anext(aiter(consumer))
    assert delivery.body == TaskMessage.of(task).encode()


async def test_scheduled_task_is_left_to_a_dispatcher(submitter: Submitter, resources: Resources) -> None:
    [task] = await create(submitter, "Later", run_at=datetime(2100, 1, 1, tzinfo=UTC))
    await create(submitter, "Now")

    async def published() -> bool:
        return await depth(resources) == 1

    await eventually(published)
    assert await dispatch_at(resources, task.id) == task.run_at


async def test_change_is_announced_only_once_it_is_committed(submitter: Submitter, resources: Resources) -> None:
    async with resources.bus.subscribe(STATUS_CHANNEL) as messages:
        [task] = await create(submitter, "A")
        message = await anext(messages)
        assert isinstance(message, bytes)
        assert decode(message).task_id == task.id
        assert task.id in await queries.get(resources.engine, [task.id])


async def test_many_at_once_share_their_transactions(submitter: Submitter, monkeypatch: pytest.MonkeyPatch) -> None:
    transactions, real = 0, tasks.create

    async def counting(*arguments: Any, **options: Any) -> Any:
        nonlocal transactions
        transactions += 1
        return await real(*arguments, **options)

    monkeypatch.setattr(tasks, "create", counting)
    created = await asyncio.gather(*(create(submitter, f"Task {number}") for number in range(100)))
    assert len({task.id for group in created for task in group}) == 100
    assert transactions <= 3


async def test_one_bad_group_of_a_batch_harms_no_other(submitter: Submitter) -> None:
    await create(submitter, "First", idempotency_key="k")
    outcomes = await asyncio.gather(
        create(submitter, "Good"),
        create(submitter, "Other", "More", idempotency_key="k"),
        create(submitter, "First", idempotency_key="k"),
        return_exceptions=True,
    )
    assert [type(outcome) for outcome in outcomes] == [list, IdempotencyConflict, list]


async def test_group_that_the_database_refuses_is_refused_alone(
    submitter: Submitter, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = tasks.create

    async def picky(engine: Any, groups: Sequence[Any], **options: Any) -> Any:
        if any(new.title == "Bad" for group in groups for new in group):
            raise ValueError("refused")
        return await real(engine, groups, **options)

    monkeypatch.setattr(tasks, "create", picky)
    outcomes = await asyncio.gather(
        *(create(submitter, title) for title in ("A", "B", "Bad", "C")), return_exceptions=True
    )
    assert [isinstance(outcome, list) for outcome in outcomes] == [True, True, False, True]


async def test_outage_is_everybodys_and_is_not_tried_one_by_one(
    submitter: Submitter, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries = 0

    async def away(*arguments: Any, **options: Any) -> Any:
        nonlocal tries
        tries += 1
        raise StoreUnavailable

    monkeypatch.setattr(tasks, "create", away)
    outcomes = await asyncio.gather(*(create(submitter, str(n)) for n in range(20)), return_exceptions=True)
    assert {type(outcome) for outcome in outcomes} == {StoreUnavailable}
    assert tries <= 2


async def test_task_that_the_broker_does_not_take_stays_on_the_list(
    submitter: Submitter, resources: Resources, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = asyncio.Event()

    async def every_other(messages: Sequence[TaskMessage]) -> list[bool]:
        asked.set()
        return [number % 2 == 0 for number, _ in enumerate(messages)]

    monkeypatch.setattr(resources.broker, "publish", every_other)
    taken, left = await create(submitter, "taken", "left")
    await asked.wait()

    async def marked() -> bool:
        return await dispatch_at(resources, taken.id) is None

    await eventually(marked)
    assert await dispatch_at(resources, left.id) is not None


async def test_defect_in_publishing_does_not_stop_it(
    submitter: Submitter, resources: Resources, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def boom(messages: object) -> list[bool]:
        raise RuntimeError("boom")

    with monkeypatch.context() as patched:
        patched.setattr(resources.broker, "publish", boom)
        await create(submitter, "A")

        async def logged() -> bool:
            return "1 tasks not published: a dispatcher will" in caplog.text

        await eventually(logged)
    await create(submitter, "B")

    async def published() -> bool:
        return await depth(resources) == 1

    await eventually(published)


async def test_what_waits_is_published_before_the_end(resources: Resources) -> None:
    async with AsyncExitStack() as stack:
        submitter = await stack.enter_async_context(open_submitter(resources))
        created = await create(submitter, *(str(number) for number in range(submit.PUBLISH_AT_A_TIME + 10)))
    assert await depth(resources) == len(created)
    assert {await dispatch_at(resources, task.id) for task in created[-3:]} == {None}


async def test_end_does_not_wait_for_a_broker_that_hangs(resources: Resources, monkeypatch: pytest.MonkeyPatch) -> None:
    async def hang(messages: object) -> list[bool]:
        return await asyncio.get_running_loop().create_future()  # type: ignore[no-any-return]

    monkeypatch.setattr(submit, "LAST_PUBLISH", submit.LAST_PUBLISH / 40)
    monkeypatch.setattr(resources.broker, "publish", hang)
    async with asyncio.timeout(5):
        async with open_submitter(resources) as submitter:
            [task] = await create(submitter, "A")
    assert await dispatch_at(resources, task.id) is not None


async def test_cancellation_of_a_running_task_is_told_to_the_workers(
    submitter: Submitter, resources: Resources
) -> None:
    [task] = await create(submitter, "A")
    await claim(resources, task.id)
    async with resources.bus.subscribe(CANCEL_CHANNEL) as messages:
        await submitter.cancel(task.id)
        assert await anext(messages) == task.id.encode()


async def claim(resources: Resources, task_id: str) -> None:
    await tasks.claim(
        resources.engine,
        [task_id],
        now=datetime.now(UTC),
        lease=timedelta(seconds=30),
        worker_id="w",
        max_attempts=lambda kind: 3,
    )


async def test_late_mark_does_not_wipe_a_lease(
    submitter: Submitter, resources: Resources, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker may have the task before its publisher has marked it."""
    gate, real = asyncio.Event(), dispatch.mark_published
    marked = asyncio.Event()

    async def late(*arguments: Any) -> None:
        await gate.wait()
        await real(*arguments)
        marked.set()

    monkeypatch.setattr(dispatch, "mark_published", late)
    [task] = await create(submitter, "A")
    await claim(resources, task.id)
    lease = await dispatch_at(resources, task.id)
    gate.set()
    await marked.wait()
    assert await dispatch_at(resources, task.id) == lease is not None
