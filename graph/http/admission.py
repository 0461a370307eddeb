"""How many requests are answered at a time: those beyond it are refused before they cost anything."""

from typing import Final

from starlette.types import ASGIApp, Receive, Scope, Send

from taskflow.graph.http.body import RETRY_LATER
from taskflow.graph.http.problems import problem

AT_A_TIME: Final = 2000
"""A process stores as many tasks in two seconds or three, each asked for by itself."""


class Admission:
    """Else a flood of refusals, each a little work, would leave no time for what was taken."""

    def __init__(self, app: ASGIApp, at_a_time: int = AT_A_TIME) -> None:
        self._app = app
        self._at_a_time = at_a_time
        self._admitted = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].endswith(("/livez", "/healthz")):
            await self._app(scope, receive, send)
        elif self._admitted >= self._at_a_time:
            refusal = problem(503, "This process answers as many requests as it can: try again.", headers=RETRY_LATER)
            await refusal(scope, receive, send)
        else:
            self._admitted += 1
            try:
                await self._app(scope, receive, send)
            finally:
                self._admitted -= 1
