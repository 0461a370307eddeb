"""Messages that came back, watched: one that ends each worker that takes it must not come back for ever.

The database counts, since no broker does: a classic queue tells only that a message was handed out before, and a quorum
queue counts what healthy workers gave back, or, from RabbitMQ 4.3 on, leaves out those whose worker was killed.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final

from taskflow.db import letters
from taskflow.db.transaction import may_blame_one
from taskflow.infra.batcher import Batcher, open_batcher
from taskflow.infra.broker import Delivery
from taskflow.infra.resources import Resources
from taskflow.worker.records import until_stored

DEADLY: Final = 5
"""How many workers may end over a message that has come back before it is dead-lettered, unread."""
REASON: Final = f"{DEADLY} workers began with it when it had come back, and each of them ended before it was claimed"


@dataclass(slots=True)
class Quarantine:
    """Of one worker. A message that came back is begun with beside others once; if its worker ends, it may be to blame,
    and from then on it is begun with alone, so that those beside a deadly one are not counted as often as that.
    """

    resources: Resources
    new: Batcher[str, bool]
    cleared: Batcher[str, None]
    _one: asyncio.Lock = field(default_factory=asyncio.Lock)

    @asynccontextmanager
    async def watched(self, delivery: Delivery) -> AsyncIterator[bool]:
        """Around all that is done with one that came back until its acknowledgement, reading it included: whether it is
        too deadly for that.
        """
        engine, digest = self.resources.engine, sha256(delivery.body).hexdigest()
        if await until_stored(lambda: self.new.submit(digest)):
            yield False
            await until_stored(lambda: self.cleared.submit(digest))
            return
        async with self._one:
            begun = await until_stored(lambda: letters.suspect(engine, digest, now=self.resources.clock.now()))
            yield begun >= DEADLY
            if begun < DEADLY:  # else, sent again since its row waits, it may end one worker and not as many again
                await until_stored(lambda: self.cleared.submit(digest))


@asynccontextmanager
async def open_quarantine(resources: Resources) -> AsyncIterator[Quarantine]:
    engine = resources.engine

    async def begin(digests: list[str]) -> list[bool]:
        return await letters.suspect_new(engine, digests, now=resources.clock.now())

    async def clear(digests: list[str]) -> list[None]:
        return await letters.clear(engine, digests)

    async with (
        open_batcher(begin, divisible=may_blame_one) as new,
        open_batcher(clear, divisible=may_blame_one) as cleared,
    ):
        yield Quarantine(resources, new, cleared)
