"""The tokens in force: whose a secret is, and the sockets that it has opened. Keeps digests, never a secret."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from hashlib import sha256
from hmac import compare_digest
from typing import Any, Final

from starlette.requests import HTTPConnection
from starlette.types import Scope

from taskflow.graph.execution.access import EVERYBODY, VIEWER, Unauthenticated, Viewer
from taskflow.infra.background import supervised
from taskflow.infra.errors import StartError
from taskflow.infra.liveness import Liveness
from taskflow.infra.settings import Settings
from taskflow.infra.tokens import Token, check_distinct, read_tokens

logger = logging.getLogger("taskflow.tokens")

READ_AGAIN: Final = timedelta(seconds=2)
"""How often the file is read: a token that it has no more is refused, and its sockets are closed, by then."""
LOOP: Final = "tokens"


@dataclass(eq=False)
class Session:
    """A socket that is open by a token."""

    scope: Scope
    digest: bytes
    end: Callable[[], Coroutine[Any, Any, None]]

    @property
    def viewer(self) -> Viewer:
        viewer: Viewer = self.scope[VIEWER]
        return viewer


class Tokens:
    """Without any, everybody may do everything: that is decided at the start, whatever the file has later."""

    def __init__(self, tokens: Iterable[Token] = ()) -> None:
        self._viewers = _digested(tokens)
        self.are_wanted = bool(self._viewers)
        self._sessions: set[Session] = set()
        self._ending: set[asyncio.Task[None]] = set()

    def viewer(self, secret: bytes | None) -> Viewer | None:
        """Whose it is; None when it is nobody's."""
        if not self.are_wanted:
            return EVERYBODY
        return None if secret is None else self._holder(sha256(secret).digest())

    def _holder(self, digest: bytes) -> Viewer | None:
        """Compared with every one, equal or not, so that the time says nothing of any."""
        holder = None
        for known, viewer in self._viewers:
            if compare_digest(known, digest):
                holder = viewer
        return holder

    @contextmanager
    def session(
        self, connection: HTTPConnection, secret: bytes | None, end: Callable[[], Coroutine[Any, Any, None]]
    ) -> Iterator[None]:
        """While it lasts, the connection has its viewer; `end` is run when the token is withdrawn or may do less.

        Raises Unauthenticated.
        """
        viewer = connection.scope[VIEWER] = self.viewer(secret)
        if viewer is None:
            raise Unauthenticated
        session = Session(connection.scope, sha256(secret or b"").digest(), end)
        self._sessions.add(session)
        try:
            yield
        finally:
            self._sessions.discard(session)

    def replace(self, tokens: Iterable[Token]) -> bool:
        """What is open by a token goes by its new name and role; where that may do less, it is ended.

        Whether anything changed.
        """
        viewers = _digested(tokens)
        if viewers == self._viewers:
            return False
        self._viewers = viewers
        for session in [*self._sessions]:
            viewer = self._holder(session.digest)
            if viewer is None or viewer.role < session.viewer.role:
                session.scope[VIEWER] = None
                self._sessions.discard(session)
                self._end(session)
            else:
                session.scope[VIEWER] = viewer
        return True

    def _end(self, session: Session) -> None:
        """Not waited for: a client that reads nothing would hold up the others."""
        ending = asyncio.create_task(session.end(), name="ending a session")
        self._ending.add(ending)
        ending.add_done_callback(self._ended)

    def _ended(self, ending: asyncio.Task[None]) -> None:
        self._ending.discard(ending)
        if not ending.cancelled() and (error := ending.exception()):
            logger.error("a socket whose token was withdrawn could not be closed", exc_info=error)


def _digested(tokens: Iterable[Token]) -> list[tuple[bytes, Viewer]]:
    return [(sha256(one.secret.encode()).digest(), Viewer(one.name, one.role)) for one in tokens]


def load_tokens(settings: Settings) -> tuple[Token, ...]:
    """Of API_TOKENS and of its file. Raises StartError."""
    if settings.api_tokens_file is None:
        return settings.api_tokens
    try:
        tokens = (*settings.api_tokens, *read_tokens(settings.api_tokens_file))
        check_distinct(tokens)
    except ValueError as error:
        raise StartError(f"API_TOKENS_FILE {error}") from None
    return tokens


@asynccontextmanager
async def open_tokens(settings: Settings, liveness: Liveness) -> AsyncIterator[Tokens]:
    """Follows the file for as long as it is open. Raises StartError."""
    tokens = Tokens(await asyncio.to_thread(load_tokens, settings))
    if settings.api_tokens_file is None:
        yield tokens
        return
    async with supervised(partial(_follow, tokens, settings, liveness), name="reading API_TOKENS_FILE"):
        try:
            yield tokens
        finally:
            liveness.forget(LOOP)


async def _follow(tokens: Tokens, settings: Settings, liveness: Liveness) -> None:
    """One line for each change, and for each reason why the old tokens are kept."""
    told: str | None = None
    while True:
        liveness.note(LOOP)
        await asyncio.sleep(READ_AGAIN.total_seconds())
        try:
            found = await asyncio.to_thread(load_tokens, settings)
        except StartError as error:
            if told != str(error):
                told = str(error)
                logger.error("%s; the tokens stay as they were", told)  # noqa: TRY400 - the sentence says it all
            continue
        if tokens.replace(found) or told:
            logger.info("API_TOKENS_FILE was read again: %d tokens in all", len(found))
        told = None
