"""The client of programs without an event loop: the same names without `await`. Safe from any thread.

The client's own loop runs in a thread beside them. After a fork that thread is the parent's alone: open a client in
each process, after the fork.
"""

import os
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from types import TracebackType
from typing import TYPE_CHECKING, Any, Generic, Self, TypeAlias, TypeVar, Unpack, overload

from taskflow.client.client import Client
from taskflow.client.targets import Item, Statuses, Words
from taskflow.errors import ClientClosed
from taskflow.infra.task_info import TaskInfo, TaskStatusEvent
from taskflow.worker.calls import AsyncHandler, PlainHandler, SubmitOptions
from taskflow.worker.handle import Handle

if TYPE_CHECKING:
    from anyio.from_thread import BlockingPortal

P = TypeVar("P")
R = TypeVar("R")
R_co = TypeVar("R_co", covariant=True)
T = TypeVar("T")


class Background:
    """The thread that runs a client's loop."""

    def __init__(self, portal: "BlockingPortal") -> None:
        self._portal = portal
        self._process = os.getpid()
        self._closed = False

    @property
    def is_here(self) -> bool:
        """False after a fork."""
        return self._process == os.getpid()

    def close(self) -> None:
        self._closed = True

    def run(self, call: Callable[..., Awaitable[T]], *arguments: Any) -> T:
        """To its end. Whoever is interrupted meanwhile, by Ctrl-C too, leaves no call behind."""
        if self._closed:
            raise ClientClosed("This client is closed. Use it, and its handles, inside of its `with` block.")
        if not self.is_here:
            raise ClientClosed("This client was opened before a fork. Open one in each process, after the fork.")
        future = self._portal.start_task_soon(call, *arguments)
        try:
            return future.result()
        except BaseException:
            future.cancel()
            raise

    def iterate(self, items: AsyncGenerator[T, None]) -> Iterator[T]:
        try:
            while True:
                try:
                    item = self.run(items.__anext__)
                except StopAsyncIteration:
                    return
                yield item
        finally:
            if self.is_here and not self._closed:
                self.run(items.aclose)


class SyncHandle(Generic[R_co]):
    """What Handle is to a Client: the same methods, that block."""

    def __init__(self, handle: Handle[R_co], background: Background) -> None:
        self.id = handle.id
        self._handle = handle
        self._background = background

    def __repr__(self) -> str:
        return f"SyncHandle({self.id!r})"

    def result(self, timeout: float | None = None) -> R_co:
        """See Handle.result."""
        return self._background.run(self._handle.result, timeout)

    def events(self) -> Iterator[TaskStatusEvent]:
        """See Handle.events."""
        return self._background.iterate(self._handle.events())

    def task(self) -> TaskInfo:
        """See Handle.task."""
        return self._background.run(self._handle.task)

    def cancel(self) -> TaskInfo:
        """See Handle.cancel."""
        return self._background.run(self._handle.cancel)

    def retry(self) -> TaskInfo:
        """See Handle.retry."""
        return self._background.run(self._handle.retry)


Handles: TypeAlias = list[SyncHandle[R]]


class SyncClient:
    """`with SyncClient() as tasks:` for Django, Flask and scripts; one serves all threads of a process.

    The arguments, the methods and what they raise are Client's. A program without a block to put it in calls `open`
    once in each process, after a fork, and `close` at its end, as `atexit.register(tasks.close)`.
    """

    def __init__(self, url: str | None = None, *, token: str | None = None) -> None:
        self._client = Client(url, token=token)
        self._stack = ExitStack()
        self._background: Background | None = None

    def open(self) -> Self:
        """Raises Unavailable when a proxy that the environment names can't be used."""
        if self._background is None:
            with ExitStack() as stack:
                self._background = stack.enter_context(_open_background(self._client))
                self._stack = stack.pop_all()
        return self

    def close(self) -> None:
        """Calls that wait raise ClientClosed. No task is stopped."""
        background, self._background = self._background, None
        if background and background.is_here:
            self._stack.close()

    def __enter__(self) -> Self:
        return self.open()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @overload
    def submit(self, handler: str, payload: object = None, **options: Unpack[SubmitOptions]) -> SyncHandle[Any]: ...
    @overload
    def submit(self, handler: AsyncHandler[P, R], payload: P, **options: Unpack[SubmitOptions]) -> SyncHandle[R]: ...
    @overload
    def submit(self, handler: AsyncHandler[None, R], **options: Unpack[SubmitOptions]) -> SyncHandle[R]: ...
    @overload
    def submit(self, handler: PlainHandler[P, R], payload: P, **options: Unpack[SubmitOptions]) -> SyncHandle[R]: ...
    @overload
    def submit(self, handler: PlainHandler[None, R], **options: Unpack[SubmitOptions]) -> SyncHandle[R]: ...
    def submit(self, handler: Any, payload: object = None, **options: Unpack[SubmitOptions]) -> SyncHandle[Any]:
        """See Client.submit."""
        background = self._now

        async def submit() -> Handle[Any]:
            handle: Handle[Any] = await self._client.submit(handler, payload, **options)
            return handle

        return SyncHandle(background.run(submit), background)

    @overload
    def submit_many(
        self, items: Iterable[tuple[AsyncHandler[P, R], P] | tuple[AsyncHandler[P, R], P, SubmitOptions]]
    ) -> Handles[R]: ...
    @overload
    def submit_many(self, items: Iterable[Item]) -> Handles[Any]: ...
    def submit_many(self, items: Iterable[Any]) -> Handles[Any]:
        """See Client.submit_many."""
        background, given = self._now, [*items]
        return [SyncHandle(one, background) for one in background.run(self._client.submit_many, given)]

    @overload
    def handle(self, task_id: str) -> SyncHandle[Any]: ...
    @overload
    def handle(self, task_id: str, handler: AsyncHandler[Any, R]) -> SyncHandle[R]: ...
    @overload
    def handle(self, task_id: str, handler: PlainHandler[Any, R]) -> SyncHandle[R]: ...
    def handle(self, task_id: str, handler: Any = None) -> SyncHandle[Any]:
        """See Client.handle."""
        background = self._now

        async def make() -> Handle[Any]:
            handle: Handle[Any] = self._client.handle(task_id, handler)
            return handle

        return SyncHandle(background.run(make), background)

    def get(self, task_id: str) -> TaskInfo | None:
        """See Client.get."""
        return self._now.run(self._client.get, task_id)

    def list(
        self, *, status: Statuses = None, kind: Words = None, queue: Words = None, search: str | None = None
    ) -> Iterator[TaskInfo]:
        """See Client.list."""
        return self._now.iterate(self._client.list(status=status, kind=kind, queue=queue, search=search))

    def events(self) -> Iterator[TaskStatusEvent]:
        """See Client.events."""
        return self._now.iterate(self._client.events())

    def graphql(self, query: str, variables: dict[str, Any] | None = None) -> dict[str, Any]:
        """See Client.graphql."""
        return self._now.run(self._client.graphql, query, variables)

    @property
    def _now(self) -> Background:
        if self._background is None:
            raise ClientClosed("This client is not open. Use it inside of `with SyncClient() as tasks:`")
        return self._background


@contextmanager
def _open_background(client: Client) -> Iterator[Background]:
    """A thread with a loop, the client open in it."""
    from anyio.from_thread import start_blocking_portal

    with start_blocking_portal(name="taskflow client") as portal:
        background = Background(portal)
        with portal.wrap_async_context_manager(client):
            try:
                yield background
            finally:
                background.close()
