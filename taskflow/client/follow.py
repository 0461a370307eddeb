"""Every change of every task, over a connection of its own: who reads slowly slows the server, not this program."""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncGenerator
from contextlib import aclosing
from datetime import timedelta
from typing import Final

from taskflow.client.address import Address
from taskflow.client.answers import Lagged
from taskflow.client.http import absent
from taskflow.client.session import FOLLOW
from taskflow.client.shapes import EVENT
from taskflow.client.socket import Broken, open_socket
from taskflow.infra.background import doubling
from taskflow.infra.events.news import is_news
from taskflow.infra.task_info import TaskStatusEvent

FIRST_WAIT: Final = timedelta(seconds=0.1)
LONGEST_WAIT: Final = timedelta(seconds=5)
TASKS_KEPT: Final = 10_000
"""Whose latest event is remembered, so that what a replay repeats is not told twice."""


async def follow(address: Address) -> AsyncGenerator[TaskStatusEvent, None]:
    """For ever. Connects again when the connection breaks, and resumes after the last event.

    Raises Unavailable when the first connection fails, and Unauthorized.
    """
    told = Told()
    after: str | None = None
    connected, waits = False, doubling(FIRST_WAIT, cap=LONGEST_WAIT)
    while True:
        try:
            async with aclosing(_connection(address, after)) as events:
                async for event in events:
                    if event is None:
                        connected, waits = True, doubling(FIRST_WAIT, cap=LONGEST_WAIT)
                        continue
                    after = event.id
                    if told.is_next(event):
                        yield event
        except Broken as error:
            if not connected:
                raise absent(address, error) from None
        await asyncio.sleep(next(waits))


async def _connection(address: Address, after: str | None) -> AsyncGenerator[TaskStatusEvent | None, None]:
    """None once connected, then events to the end of the subscription. Raises Broken, Unauthorized, and its error."""
    async with open_socket(address) as socket:
        yield None
        await socket.subscribe("1", FOLLOW, {"after": after})
        async with aclosing(socket.answers()) as answers:
            async for answer in answers:
                if answer.data is not None:
                    yield EVENT.read(answer.data["taskStatus"])
                elif answer.error is None or isinstance(answer.error, Lagged):
                    return
                else:
                    raise answer.error


class Told:
    """The latest event of each task."""

    def __init__(self) -> None:
        self._events: OrderedDict[str, TaskStatusEvent] = OrderedDict()

    def is_next(self, event: TaskStatusEvent) -> bool:
        """A newer version, or other progress of the same; it is then taken to be told."""
        had = self._events.get(event.task_id)
        if had is not None and not is_news(event, had.version, (had.progress, had.message)):
            return False
        self._events[event.task_id] = event
        self._events.move_to_end(event.task_id)
        if len(self._events) > TASKS_KEPT:
            self._events.popitem(last=False)
        return True
