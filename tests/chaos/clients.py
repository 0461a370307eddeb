"""Careful clients of the API: each asks again, at another address, until it has an answer. What is asked for carries
its own key, so that to ask twice creates nothing twice.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import httpx

from tests.chaos.evidence import Evidence, Retry
from tests.integration.api import CREATE, CREATE_MANY

T = TypeVar("T")

PATIENCE: Final = 6.0
AGAIN: Final = 0.2
CANCEL: Final = "mutation ($id: ID!) { cancelTask(id: $id) { id status } }"
RETRY: Final = "mutation ($id: ID!) { retryTask(id: $id) { id version } }"


class Unavailable(Exception):
    """The API has said so, or nothing: ask again."""


@dataclass(frozen=True)
class Answer:
    """Of a GraphQL operation; `code` is that of its first error."""

    data: Any
    code: str | None
    text: str


@dataclass
class Clients:
    """What gets an answer that it may not get is noted as refused."""

    urls: list[str]
    http: httpx.AsyncClient
    evidence: Evidence
    _asked: int = 0

    async def create(self, asked: dict[str, Any], key: str) -> str | None:
        """Over both doors in turn: the task's id, None when it was refused. `asked` has GraphQL's names."""
        if self._asked // len(self.urls) % 2:
            return await self._insist(lambda url: self._post(url, asked, key))
        answer = await self._ask(CREATE, input=asked | {"idempotencyKey": key})
        return None if self._is_refused(answer) else str(answer.data["createTask"]["task"]["id"])

    async def create_many(self, inputs: list[dict[str, Any]]) -> list[str] | None:
        """Their ids, None when they were refused."""
        answer = await self._ask(CREATE_MANY, inputs=inputs)
        return None if self._is_refused(answer) else [str(task["id"]) for task in answer.data["createTasks"]["tasks"]]

    async def create_in_vain(self, inputs: list[dict[str, Any]], code: str) -> None:
        """Of tasks that must be refused, with that code."""
        answer = await self._ask(CREATE_MANY, inputs=inputs)
        if answer.code != code:
            self.evidence.refused.append(f"createTasks: {answer.text} instead of {code}")

    async def create_impatiently(self, inputs: list[dict[str, Any]], within: float) -> None:
        """Once, without waiting for the answer for longer than `within` seconds."""
        with suppress(Unavailable):
            await self._operate(self._url(), CREATE_MANY, {"inputs": inputs}, timeout=within)

    async def cancel(self, task: str) -> None:
        """Until somebody has said yes, or that it has ended."""
        self._is_refused(await self._ask(CANCEL, id=task), but="CONFLICT")

    async def retry(self, task: str) -> None:
        """Until somebody has said yes, or that there is nothing to retry."""
        noted = self.evidence.retries[task] = Retry()

        async def ask(url: str) -> Answer:
            noted.asks += 1
            return await self._operate(url, RETRY, {"id": task})

        answer = await self._insist(ask)
        if answer.code == "CONFLICT":
            noted.is_conflict = True
        elif not self._is_refused(answer):
            noted.version = int(answer.data["retryTask"]["version"])

    async def _ask(self, query: str, **variables: Any) -> Answer:
        return await self._insist(lambda url: self._operate(url, query, variables))

    async def _insist(self, ask: Callable[[str], Awaitable[T]]) -> T:
        place = self._asked
        self._asked += 1
        while True:
            with suppress(Unavailable):
                return await ask(self.urls[place % len(self.urls)])
            place += 1
            await asyncio.sleep(AGAIN)

    def _url(self) -> str:
        self._asked += 1
        return self.urls[self._asked % len(self.urls)]

    async def _operate(self, url: str, query: str, variables: dict[str, Any], timeout: float = PATIENCE) -> Answer:
        """Raises Unavailable."""
        asked = {"query": query, "variables": variables}
        try:
            response = await self.http.post(f"{url}/graphql", json=asked, timeout=timeout)
        except httpx.TransportError as error:
            raise Unavailable from error
        body = response.json()
        code = _code(body)
        if response.status_code == 503 or code == "SERVICE_UNAVAILABLE":
            raise Unavailable
        return Answer(body.get("data"), code, f"{response.status_code} {response.text[:300]}")

    async def _post(self, url: str, asked: dict[str, Any], key: str) -> str | None:
        """Over REST. Raises Unavailable."""
        body = {("run_at" if name == "runAt" else name): value for name, value in asked.items()}
        try:
            response = await self.http.post(f"{url}/tasks", json=body, headers={"Idempotency-Key": key})
        except httpx.TransportError as error:
            raise Unavailable from error
        if response.status_code == 503:
            raise Unavailable
        if response.status_code not in (200, 201):
            self.evidence.refused.append(f"{response.status_code} {response.text[:300]}")
            return None
        return str(response.json()["task_id"])

    def _is_refused(self, answer: Answer, but: str | None = None) -> bool:
        """Noted, unless it is for the reason that it may be."""
        if answer.code is not None and answer.code != but:
            self.evidence.refused.append(answer.text)
        return answer.code is not None


def _code(body: dict[str, Any]) -> str | None:
    if not (errors := body.get("errors")):
        return None
    return str((errors[0].get("extensions") or {}).get("code"))


@asynccontextmanager
async def open_clients(urls: list[str], evidence: Evidence) -> AsyncIterator[Clients]:
    async with httpx.AsyncClient(timeout=PATIENCE, trust_env=False) as http:
        yield Clients(urls, http, evidence)
