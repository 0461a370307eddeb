"""What runs on one connection: queries; an operation for each watched task, or for those above SLOTS, one for all.

Each operation costs the server a queue, and it takes at most a hundred on a connection. An operation of one task brings
its present state first. That of all tasks brings none: it starts after an event that is known, and each task's state is
read once that is known, so that nothing falls between the two.
"""

import asyncio
import itertools
from collections import deque
from typing import Any, Final, Protocol

from taskflow.client.answers import Lagged
from taskflow.client.shapes import EVENT, Snapshot
from taskflow.client.socket import Answer, Broken, Socket
from taskflow.client.watch import Watch
from taskflow.infra.errors import InvalidTask, NotFound, Unauthorized, Unavailable
from taskflow.infra.task_info import TaskStatusEvent

SLOTS: Final = 50
FOLLOW: Final = (
    f"subscription ($taskId: ID, $after: ID) {{ taskStatus(taskId: $taskId, after: $after) {{ {EVENT.selection} }} }}"
)
READ_AGAIN: Final = 1.0
"""Seconds after which a state that could not be read is read again."""


class States(Protocol):
    """What is read beside the connection. Both raise Unavailable, Unauthorized."""

    async def newest_event(self) -> str:
        """The id of an event that was recorded about now; "0" when there is none."""
        ...

    async def snapshot(self, task_id: str) -> Snapshot | None:
        """None when there is no such task."""
        ...


class Session:
    def __init__(self, watches: dict[str, Watch], states: States) -> None:
        self._states = states
        self._ids = map(str, itertools.count(1))
        self._outgoing: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._waiting = deque(watches.values())
        self._asked: dict[str, asyncio.Future[Answer]] = {}
        self._own: dict[str, Watch] = {}
        self._shared: dict[str, Watch] = {}
        self._unread: asyncio.Queue[Watch] = asyncio.Queue()
        self._for_all: str | None = None
        self._after = "0"

    async def run(self, socket: Socket) -> None:
        """Until the connection breaks: raises Broken, or Unauthorized."""
        self._assign()
        beside = [asyncio.create_task(self._send(socket)), asyncio.create_task(self._catch_up())]
        try:
            async for answer in socket.answers():
                self._take(answer)
        except (AttributeError, LookupError, TypeError, ValueError) as error:
            raise Broken(f"what answers is not TaskFlow: {error!r}") from error
        finally:
            for one in beside:
                one.cancel()
            await asyncio.wait(beside)
            for asked in self._asked.values():  # the last step: who asks after it would wait for ever
                asked.cancel()

    async def ask(self, query: str, variables: dict[str, Any]) -> dict[str, Any]:
        """A query's data, over this connection. Raises CallError, and Broken when the connection ends before."""
        operation = next(self._ids)
        asked: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._asked[operation] = asked
        self._put(operation, query, variables)
        try:
            await asyncio.wait([asked])
        finally:
            del self._asked[operation]
        if asked.cancelled():
            raise Broken("the connection ended before the answer")
        answer = asked.result()
        if answer.data is None:
            raise answer.error or Broken("a query ended without an answer")
        return answer.data

    def add(self, watch: Watch) -> None:
        self._waiting.append(watch)
        self._assign()

    def remove(self, watch: Watch) -> None:
        """Nobody listens to it any more."""
        for operation in [name for name, one in self._own.items() if one is watch]:
            del self._own[operation]
            self._complete(operation)
        self._shared.pop(watch.task_id, None)
        if self._for_all and not self._shared:
            self._complete(self._for_all)
            self._for_all = None

    def _assign(self) -> None:
        """An operation of its own while there are slots; the others share one."""
        while self._waiting:
            watch = self._waiting.popleft()
            if len(self._own) < SLOTS:
                self._follow(watch)
            else:
                self._shared[watch.task_id] = watch
                self._unread.put_nowait(watch)

    def _follow(self, watch: Watch) -> None:
        self._own[self._subscribe(watch.task_id, watch.latest.id if watch.latest else None)] = watch

    def _subscribe(self, task_id: str | None, after: str | None) -> str:
        operation = next(self._ids)
        self._put(operation, FOLLOW, {"taskId": task_id, "after": after})
        return operation

    def _put(self, operation: str, query: str, variables: dict[str, Any]) -> None:
        payload = {"query": query, "variables": variables}
        self._outgoing.put_nowait({"id": operation, "type": "subscribe", "payload": payload})

    def _complete(self, operation: str) -> None:
        self._outgoing.put_nowait({"id": operation, "type": "complete"})

    async def _send(self, socket: Socket) -> None:
        """What can't be sent is not missed: the connection is broken, and whoever receives finds out."""
        while True:
            try:
                await socket.send(await self._outgoing.get())
            except Broken:
                return

    async def _catch_up(self) -> None:
        """Read the state of those that share an operation, which starts when the first of them comes."""
        while True:
            some = [await self._unread.get()]
            while not self._unread.empty():
                some.append(self._unread.get_nowait())
            try:
                if self._for_all is None:
                    self._after = await self._states.newest_event()
                    self._for_all = self._subscribe(None, self._after)
                await asyncio.gather(*(watch.refresh(self._states.snapshot) for watch in some if watch.listeners))
            except Unauthorized as error:
                for watch in some:
                    watch.fail(error)
            except Unavailable:
                await asyncio.sleep(READ_AGAIN)
                for watch in some:
                    self._unread.put_nowait(watch)

    def _take(self, answer: Answer) -> None:
        """Raises what ends the connection for all."""
        if asked := self._asked.get(answer.id):
            if not asked.done():
                asked.set_result(answer)
            return
        watch = self._own.get(answer.id)
        if watch is None and answer.id != self._for_all:
            return  # it was completed meanwhile
        if answer.data is not None:
            self._tell(EVENT.read(answer.data["taskStatus"]), watch)
        elif isinstance(answer.error, Lagged):
            self._resume(answer.id)
        elif isinstance(answer.error, NotFound | InvalidTask) and watch:
            del self._own[answer.id]
            watch.fail(answer.error)
        elif isinstance(answer.error, Unauthorized):
            raise answer.error
        else:
            raise Broken(str(answer.error or "a subscription ended"))

    def _tell(self, event: TaskStatusEvent, watch: Watch | None) -> None:
        if watch is None:
            self._after = event.id
            watch = self._shared.get(event.task_id)
        if watch:
            watch.tell(event)

    def _resume(self, operation: str) -> None:
        """The client read too slowly: what it missed comes first."""
        watch = self._own.pop(operation, None)
        if watch:
            self._follow(watch)
        else:
            self._for_all = self._subscribe(None, self._after)
