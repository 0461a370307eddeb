"""Sends news to Redis, in order, without anybody waiting for it. What can't be sent soon is dropped, oldest first."""

import asyncio
import logging
from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from redis.asyncio import Redis
from redis.exceptions import ResponseError

from taskflow.infra.background import doubling
from taskflow.infra.bus.backlog import Backlog
from taskflow.infra.redis_client import AWAY
from taskflow.infra.tracing.current import Around

logger = logging.getLogger("taskflow.bus")

FIRST_WAIT: Final = timedelta(seconds=0.1)
LONGEST_WAIT: Final = timedelta(seconds=1)
FLUSH: Final = timedelta(seconds=1)
PIPELINE: Final = 500


class Sender:
    """Empties the backlog, in pipelines of whatever has gathered while the last one was under way."""

    def __init__(self, client: Redis, around: Around) -> None:
        self._client = client
        self._around = around
        self._backlog = Backlog()
        self._filled = asyncio.Event()
        self._away = self._closing = False

    def put(self, channel: str, messages: Sequence[bytes]) -> None:
        if not self._closing:
            self._backlog.put(channel, messages)
            self._filled.set()

    async def run(self) -> None:
        waits = doubling(FIRST_WAIT, cap=LONGEST_WAIT)
        while self._backlog or not self._closing:
            try:
                await self._send()
            except AWAY as error:
                self._note_loss(error)
                await asyncio.sleep(next(waits))
            else:
                waits = doubling(FIRST_WAIT, cap=LONGEST_WAIT)
                await self._filled.wait()

    async def flush(self, sending: asyncio.Task[None]) -> None:
        """Take no more; give what waits one more chance, but not to a Redis that is away."""
        self._closing = True
        self._filled.set()
        if not self._away:
            await asyncio.wait([sending], timeout=FLUSH.total_seconds())

    async def _send(self) -> None:
        while batch := self._backlog.peek(PIPELINE):
            async with self._client.pipeline(transaction=False) as pipeline:
                for one in batch:
                    pipeline.publish(one.channel, one.message)
                with self._around([one.traceparent for one in batch if one.traceparent]):
                    answers = await pipeline.execute(raise_on_error=False)
            self._backlog.remove(batch)
            self._note_answers(answers)
        if not self._closing:
            self._filled.clear()

    def _note_answers(self, answers: Sequence[object]) -> None:
        refused = [answer for answer in answers if isinstance(answer, ResponseError)]
        if refused:
            self._backlog.dropped += len(refused)
            self._note_loss(refused[0])
        elif self._away:
            self._away = False
            logger.warning("Redis takes news again; %d messages were dropped meanwhile", self._backlog.dropped)
            self._backlog.dropped = 0

    def _note_loss(self, error: Exception) -> None:
        if not self._away:
            self._away = True
            logger.warning("Redis takes no news, so it waits and the oldest is dropped: %s", error)
