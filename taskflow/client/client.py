"""The client of programs with an event loop: submit tasks, wait for them, look at them."""

from collections.abc import AsyncGenerator, Iterable, Sequence
from contextlib import AsyncExitStack, aclosing
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Self, TypeAlias, TypeVar, Unpack, overload

from taskflow.client.address import Address
from taskflow.client.calls import Calls, conditions, open_calls
from taskflow.client.targets import Item, Statuses, Targets, Words
from taskflow.errors import ClientClosed
from taskflow.infra.errors import InvalidTask
from taskflow.infra.input import TaskInput
from taskflow.infra.task_info import TaskInfo, TaskStatusEvent
from taskflow.worker.calls import AsyncHandler, PlainHandler, SubmitOptions
from taskflow.worker.handle import Handle
from taskflow.worker.submission import Target, to_input

P = TypeVar("P")
R = TypeVar("R")
Handles: TypeAlias = list[Handle[R]]


class Client:
    """`async with Client() as tasks:` one for a whole program; any number of calls at the same time.

    `url` is TASKFLOW_URL, or http://127.0.0.1:8000, when not given; `token` TASKFLOW_TOKEN. Opening asks nobody for
    anything; each call raises Unavailable where no TaskFlow answers, Unauthorized where the token will not do, and
    ClientClosed outside of the block. Leaving the block stops no task. Raises ValueError for a `url` that is none.
    """

    def __init__(self, url: str | None = None, *, token: str | None = None) -> None:
        self._address = Address.of(url, token)
        self._targets = Targets()
        self._stack = AsyncExitStack()
        self._calls: Calls | None = None

    async def __aenter__(self) -> Self:
        self._calls = await self._stack.enter_async_context(open_calls(self._address))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._calls = None
        await self._stack.aclose()

    @overload
    async def submit(self, handler: str, payload: object = None, **options: Unpack[SubmitOptions]) -> Handle[Any]: ...
    @overload
    async def submit(self, handler: AsyncHandler[P, R], payload: P, **options: Unpack[SubmitOptions]) -> Handle[R]: ...
    @overload
    async def submit(self, handler: AsyncHandler[None, R], **options: Unpack[SubmitOptions]) -> Handle[R]: ...
    @overload
    async def submit(self, handler: PlainHandler[P, R], payload: P, **options: Unpack[SubmitOptions]) -> Handle[R]: ...
    @overload
    async def submit(self, handler: PlainHandler[None, R], **options: Unpack[SubmitOptions]) -> Handle[R]: ...
    async def submit(self, handler: Any, payload: object = None, **options: Unpack[SubmitOptions]) -> Handle[Any]:
        """Create a task for a handler, or for a kind. Once this returns the task will end, whatever happens.

        The payload is a model, or JSON that validates as one, and is checked here. SubmitOptions has the options. Calls
        at the same time share a request. Raises InvalidTask with each field that is wrong; Conflict for a `key` that
        was used with anything else; Unavailable, saying so where the task may have been created nevertheless.
        """
        target, calls = self._targets.of(handler), self._now
        asked = to_input(target, payload, options, now=datetime.now(UTC))
        return Handle(await calls.create(asked), calls, target)

    @overload
    async def submit_many(
        self, items: Iterable[tuple[AsyncHandler[P, R], P] | tuple[AsyncHandler[P, R], P, SubmitOptions]]
    ) -> Handles[R]: ...
    @overload
    async def submit_many(self, items: Iterable[Item]) -> Handles[Any]: ...
    async def submit_many(self, items: Iterable[Any]) -> Handles[Any]:
        """Create many: each item is (handler or kind, payload), or (handler or kind, payload, options as a dict).

        A request for each 1,000, all or none in each; all are checked before the first. Raises what `submit` raises,
        fields by their number: `items[3].payload.sku`.
        """
        calls, given = self._now, [*items]
        targets = [self._targets.of(one[0]) for one in given]
        ids = await calls.create_all(_checked(given, targets))
        return [Handle(task_id, calls, target) for task_id, target in zip(ids, targets, strict=True)]

    @overload
    def handle(self, task_id: str) -> Handle[Any]: ...
    @overload
    def handle(self, task_id: str, handler: AsyncHandler[Any, R]) -> Handle[R]: ...
    @overload
    def handle(self, task_id: str, handler: PlainHandler[Any, R]) -> Handle[R]: ...
    def handle(self, task_id: str, handler: Any = None) -> Handle[Any]:
        """Of a task that exists already; `handler` says what its result is. Asks nobody: the methods raise NotFound."""
        return Handle(task_id, self._now, self._targets.of(handler or ""))

    async def get(self, task_id: str) -> TaskInfo | None:
        """The task as it is now, None when there is no such task."""
        return await self._now.get(task_id)

    async def list(
        self, *, status: Statuses = None, kind: Words = None, queue: Words = None, search: str | None = None
    ) -> AsyncGenerator[TaskInfo, None]:
        """Those that pass every condition, the newest first; each condition a value, or several of which one must hold.

        `search` is words of the title, each by its beginning, or a whole id. Pages are read as they are needed.
        """
        where = conditions(statuses=status, kinds=kind, queues=queue) | ({"search": search} if search else {})
        async with aclosing(self._now.pages(where)) as found:
            async for info in found:
                yield info

    async def events(self) -> AsyncGenerator[TaskStatusEvent, None]:
        """Every change of every task from now on, for ever; over a connection of its own, which resumes."""
        async with aclosing(self._now.events()) as events:
            async for event in events:
                yield event

    async def graphql(self, query: str, variables: dict[str, Any] | None = None) -> dict[str, Any]:
        """The data of any query or mutation of the API. Raises CallError."""
        return await self._now.ask(query, variables or {})

    @property
    def _now(self) -> Calls:
        if self._calls is None:
            raise ClientClosed("This client is not open. Use it inside of `async with Client() as tasks:`")
        self._calls.check_open()
        return self._calls


def _checked(items: Sequence[Any], targets: Sequence[Target]) -> Sequence[TaskInput]:
    """Raises InvalidTask with the problems of all."""
    asked, now = [], datetime.now(UTC)
    problems: dict[str, str] = {}
    for number, ((_, payload, *options), target) in enumerate(zip(items, targets, strict=True)):
        try:
            asked.append(to_input(target, payload, options[0] if options else {}, now=now))
        except InvalidTask as error:
            problems |= {f"items[{number}].{name}": takes for name, takes in error.errors.items()}
    if problems:
        raise InvalidTask(problems)
    return asked
