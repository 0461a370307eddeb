"""The bus of an embedded process: the promises of `Bus`, kept inside one event loop. Never touches the network."""

from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from taskflow.infra.bus.mailbox import MAILBOX_LIMIT, Mailbox


class MemoryBus:
    """The mailboxes of each channel."""

    def __init__(self, mailbox_limit: int) -> None:
        self._mailbox_limit = mailbox_limit
        self._mailboxes: defaultdict[str, list[Mailbox]] = defaultdict(list)

    def publish(self, channel: str, messages: Sequence[bytes]) -> None:
        for mailbox in self._mailboxes.get(channel, ()):
            mailbox.put(messages)

    @asynccontextmanager
    async def subscribe(self, channel: str) -> AsyncIterator[Mailbox]:
        mailbox = Mailbox(self._mailbox_limit)
        self._mailboxes[channel].append(mailbox)
        try:
            yield mailbox
        finally:
            self._mailboxes[channel].remove(mailbox)
            mailbox.close()

    async def ping(self) -> None:
        return

    async def check(self) -> None:
        return


@asynccontextmanager
async def open_memory_bus(*, mailbox_limit: int = MAILBOX_LIMIT) -> AsyncIterator[MemoryBus]:
    """A bus without subscribers. `mailbox_limit` is how many messages wait for a slow reader before it gets a GAP."""
    yield MemoryBus(mailbox_limit)
