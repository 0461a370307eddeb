"""An open client: what its methods and its handles' methods do. One for each time that a client is opened."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Iterator, Sequence
from contextlib import AsyncExitStack, aclosing, asynccontextmanager, contextmanager
from datetime import timedelta
from typing import Any, Final

from taskflow.client.address import Address
from taskflow.client.creates import Creates, open_creates
from taskflow.client.follow import follow
from taskflow.client.http import Http, open_http
from taskflow.client.reads import Reads, open_reads
from taskflow.client.shapes import INFO, OUTCOME, SNAPSHOT, Snapshot
from taskflow.client.watch import Listener
from taskflow.client.watches import Watches, open_watches
from taskflow.errors import ClientClosed
from taskflow.infra.background import doubling
from taskflow.infra.errors import NotFound, Unavailable
from taskflow.infra.input import TaskInput
from taskflow.infra.task_info import Outcome, TaskInfo, TaskStatusEvent
from taskflow.infra.tracing.current import current_traceparent

PAGE: Final = 100
LIST: Final = (
    f"query ($after: String, $filter: TaskFilter) {{ tasks(first: {PAGE}, after: $after, filter: $filter) "
    f"{{ nodes {{ {INFO.selection} }} pageInfo {{ hasNextPage endCursor }} }} }}"
)
NEWEST: Final = "{ tasks(first: 1, orderBy: {field: UPDATED_AT}) { nodes { events { id } } } }"
AGAIN: Final = timedelta(seconds=0.1)
LONGEST_AGAIN: Final = timedelta(seconds=5)


class States:
    """What the socket's session reads over HTTP."""

    def __init__(self, http: Http, snapshots: Reads[Snapshot]) -> None:
        self._http = http
        self.snapshot = snapshots.get

    async def newest_event(self) -> str:
        nodes = (await self._http.query(NEWEST, {}))["tasks"]["nodes"]
        return str(nodes[0]["events"][-1]["id"]) if nodes and nodes[0]["events"] else "0"


class Calls:
    def __init__(
        self,
        address: Address,
        http: Http,
        creates: Creates,
        infos: Reads[TaskInfo],
        outcomes: Reads[Outcome],
        watches: Watches,
    ) -> None:
        self._address = address
        self._http = http
        self._creates = creates
        self._infos = infos
        self._outcomes = outcomes
        self._watches = watches
        self._loop = asyncio.get_running_loop()
        self._closed = False

    @contextmanager
    def _open(self) -> Iterator[None]:
        """Raises ClientClosed before a call, and in place of whatever a call comes to that is cut short by `close`."""
        self.check_open()
        try:
            yield
        except asyncio.CancelledError:
            caller = asyncio.current_task()
            if self._closed and not (caller and caller.cancelling()):
                raise ClientClosed(CUT_SHORT) from None
            raise
        except Exception:
            if self._closed:
                raise ClientClosed(CUT_SHORT) from None
            raise

    def check_open(self) -> None:
        """Raises ClientClosed."""
        if self._closed:
            raise ClientClosed("This client is closed. Use it, and its handles, inside of its `async with` block.")
        if asyncio.get_running_loop() is not self._loop:
            raise ClientClosed("This client was opened in another event loop. Open one in each.")

    def close(self) -> None:
        self._closed = True

    async def create(self, asked: TaskInput) -> str:
        with self._open():
            return await self._creates.create(asked)

    async def create_all(self, asked: Sequence[TaskInput]) -> list[str]:
        with self._open():
            return await self._creates.create_all(asked)

    async def get(self, task_id: str) -> TaskInfo | None:
        with self._open():
            return await self._infos.get(task_id)

    async def ask(self, query: str, variables: dict[str, Any]) -> dict[str, Any]:
        with self._open():
            return await self._http.ask(query, variables, traceparent=current_traceparent())

    async def change(self, mutation: str, task_id: str) -> TaskInfo:
        query = f"mutation ($id: ID!) {{ task: {mutation}(id: $id) {{ {INFO.selection} }} }}"
        return INFO.read((await self.ask(query, {"id": task_id}))["task"])

    async def outcome(self, task_id: str) -> Outcome:
        with self._open():
            for wait in doubling(AGAIN, cap=LONGEST_AGAIN):
                try:
                    found = await self._outcomes.get(task_id)
                except Unavailable:
                    await asyncio.sleep(wait)
                    continue
                if found is not None:
                    return found
                break
        raise NotFound(f"There is no task {task_id}.")

    @asynccontextmanager
    async def listen(self, task_id: str) -> AsyncIterator[Listener]:
        self.check_open()
        async with self._watches.listen(task_id) as listener:
            yield listener

    async def pages(self, conditions: dict[str, Any]) -> AsyncGenerator[TaskInfo, None]:
        after, more = None, True
        while more:
            with self._open():
                page = (await self._http.query(LIST, {"after": after, "filter": conditions}))["tasks"]
            for node in page["nodes"]:
                yield INFO.read(node)
            after, more = page["pageInfo"]["endCursor"], page["pageInfo"]["hasNextPage"]

    async def events(self) -> AsyncGenerator[TaskStatusEvent, None]:
        self.check_open()
        async with aclosing(follow(self._address, self._http)) as events:
            async for event in events:
                yield event


CUT_SHORT: Final = "The client was closed while this waited. What was asked for may be done nevertheless."


def conditions(**given: str | Iterable[str] | None) -> dict[str, list[str]]:
    """As the schema's TaskFilter: each a list."""
    return {
        name: [value] if isinstance(value, str) else list(value) for name, value in given.items() if value is not None
    }


@asynccontextmanager
async def open_calls(address: Address) -> AsyncIterator[Calls]:
    """Raises Unavailable when a proxy that the environment names can't be used."""
    async with AsyncExitStack() as stack:
        http = await stack.enter_async_context(open_http(address))
        creates = await stack.enter_async_context(open_creates(http))
        infos = await stack.enter_async_context(open_reads(http, INFO))
        snapshots = await stack.enter_async_context(open_reads(http, SNAPSHOT))
        watches = await stack.enter_async_context(open_watches(address, http, States(http, snapshots)))
        outcomes = await stack.enter_async_context(open_reads(watches, OUTCOME))
        calls = Calls(address, http, creates, infos, outcomes, watches)
        stack.callback(calls.close)
        yield calls
