"""How many requests are answered at a time, and for how long once the server stops: others are told to try again."""

import asyncio
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from taskflow.graph.http.body import RETRY_LATER
from taskflow.graph.http.problems import problem

AT_A_TIME: Final = 2000
"""A process stores as many tasks in two seconds or three, each asked for by itself."""
BUSY: Final = "This process answers as many requests as it can: try again."
STOPPING: Final = "This process stops, and has no answer yet: ask again whether it took effect."


class Answering(set[asyncio.Timeout]):
    """A limit, open as long as the server goes on, for each request that is being answered."""

    def end_within(self, seconds: float) -> None:
        """A request that takes longer is answered with STOPPING: the server would cut it off without an answer."""
        at = asyncio.get_running_loop().time() + seconds
        for limit in self:
            limit.reschedule(at)


class Admission:
    """Else a flood of refusals, each a little work, would leave no time for what was taken."""

    def __init__(self, app: ASGIApp, answering: Answering, at_a_time: int = AT_A_TIME) -> None:
        self._app = app
        self._answering = answering
        self._at_a_time = at_a_time

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].endswith(("/livez", "/healthz")):
            await self._app(scope, receive, send)
        elif len(self._answering) >= self._at_a_time:
            await problem(503, BUSY, headers=RETRY_LATER)(scope, receive, send)
        else:
            await self._answer(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        has_begun = False

        async def noting(message: Message) -> None:
            nonlocal has_begun
            has_begun = True
            await send(message)

        limit = asyncio.timeout(None)
        try:
            async with limit:
                self._answering.add(limit)
                try:
                    await self._app(scope, receive, noting)
                finally:
                    self._answering.remove(limit)
        except TimeoutError:
            if has_begun or not limit.expired():
                raise
            await problem(503, STOPPING, headers=RETRY_LATER)(scope, receive, send)
