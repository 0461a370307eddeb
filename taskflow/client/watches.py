"""The tasks that a client watches, over whatever works: one socket, opened at first need; else polls.

A connection that breaks is made again, and resumes. While there is none the API is asked over HTTP, which works where a
proxy lets no socket through.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, Final

from taskflow.client.address import Address
from taskflow.client.http import Http
from taskflow.client.session import Session, States
from taskflow.client.socket import Broken, open_socket
from taskflow.client.watch import Listener, Watch
from taskflow.errors import ClientClosed
from taskflow.infra.background import doubling, is_set_within, supervised
from taskflow.infra.errors import Unauthorized, Unavailable

FIRST_WAIT: Final = timedelta(seconds=0.1)
LONGEST_AWAY: Final = timedelta(seconds=5)
"""Between two attempts to reach a server that is away."""
LONGEST_BLOCKED: Final = timedelta(minutes=1)
"""Between two attempts to open a socket where only HTTP works."""
LONGEST_POLL: Final = timedelta(seconds=2)
"""Between two polls while nothing changes."""


class Watches:
    def __init__(self, address: Address, http: Http, states: States) -> None:
        self._address = address
        self._http = http
        self._states = states
        self._watches: dict[str, Watch] = {}
        self._session: Session | None = None
        self._wanted = asyncio.Event()
        self._closed = False
        self._reset()

    @asynccontextmanager
    async def listen(self, task_id: str) -> AsyncIterator[Listener]:
        """The task's present state, then each change. The listener raises NotFound, Unavailable, Unauthorized."""
        if self._closed:
            raise ClientClosed("The client was closed.")
        watch = self._watches.get(task_id)
        is_new = watch is None or watch.failed
        if watch is None or watch.failed:
            watch = self._watches[task_id] = Watch(task_id)
        listener = Listener()
        watch.listeners.append(listener)
        if watch.latest:
            listener.put(watch.latest)
        if is_new:
            self._begin(watch)
        try:
            yield listener
        finally:
            watch.listeners.remove(listener)
            if not watch.listeners:
                self._end(watch)

    async def query(self, query: str, variables: dict[str, Any]) -> dict[str, Any]:
        """Its data: over the socket while there is one, which costs half of a request. Raises CallError."""
        if self._session:
            try:
                return await self._session.ask(query, variables)
            except Broken:
                pass
        return await self._http.query(query, variables)

    def _begin(self, watch: Watch) -> None:
        self._wanted.set()
        if self._session:
            self._session.add(watch)

    def _end(self, watch: Watch) -> None:
        if self._watches.get(watch.task_id) is watch:
            del self._watches[watch.task_id]
        if self._session:
            self._session.remove(watch)

    async def run(self) -> None:
        """For ever: a connection for as long as it lasts, then what must do without one."""
        while True:
            if not self._watches:
                self._wanted.clear()
                await self._wanted.wait()
            try:
                await self._connected()
            except Unauthorized as error:
                self._fail(error)
            except Broken:
                await self._disconnected()

    async def _connected(self) -> None:
        """Raises Broken, Unauthorized."""
        async with open_socket(self._address) as socket:
            self._reset()
            self._session = Session(self._watches, self._states)
            try:
                await self._session.run(socket)
            finally:
                self._session = None

    def _reset(self) -> None:
        self._away: Iterator[float] = doubling(FIRST_WAIT, cap=LONGEST_AWAY)
        self._blocked: Iterator[float] = doubling(FIRST_WAIT, cap=LONGEST_BLOCKED)

    async def _disconnected(self) -> None:
        """Returns when it is time to try for a connection again."""
        try:
            await self._poll()
        except Unauthorized as error:
            self._fail(error)
        except Unavailable as error:
            if self._http.reached:
                await asyncio.sleep(_spread(next(self._away)))
            else:
                self._fail(error)

    async def _poll(self) -> None:
        """Raises Unavailable, Unauthorized."""
        until = asyncio.get_running_loop().time() + _spread(next(self._blocked))
        intervals = doubling(FIRST_WAIT, cap=LONGEST_POLL)
        while self._watches:
            self._wanted.clear()
            found = await asyncio.gather(*(one.refresh(self._states.snapshot) for one in [*self._watches.values()]))
            self._away = doubling(FIRST_WAIT, cap=LONGEST_AWAY)
            if any(found):
                intervals = doubling(FIRST_WAIT, cap=LONGEST_POLL)
            left = until - asyncio.get_running_loop().time()
            if left <= 0:
                break
            # A task that is watched from now on is not kept waiting for the next poll.
            await is_set_within(self._wanted, min(left, next(intervals)))

    def _fail(self, error: Exception) -> None:
        for watch in self._watches.values():
            watch.fail(error)
        self._watches.clear()

    def close(self) -> None:
        self._closed = True
        self._fail(ClientClosed("The client was closed while this waited. What it waited for goes on."))


def _spread(seconds: float) -> float:
    """So that many clients do not come back at the same moment."""
    return seconds * random.uniform(0.5, 1.0)  # noqa: S311 - guards nothing


@asynccontextmanager
async def open_watches(address: Address, http: Http, states: States) -> AsyncIterator[Watches]:
    watches = Watches(address, http, states)
    try:
        async with supervised(watches.run, name="watches"):
            yield watches
    finally:
        watches.close()
