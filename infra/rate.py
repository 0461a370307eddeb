"""How many mutations a second each caller may ask for, when there is a limit. What counts them is loaded then alone."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Protocol

from taskflow.infra.settings import Settings


class RateLimit(Protocol):
    async def take(self, caller: str, count: int = 1) -> None:
        """Count so many mutations of `caller`. Raises RateLimited."""


class Unlimited:
    async def take(self, caller: str, count: int = 1) -> None:
        return


@asynccontextmanager
async def open_rate_limit(settings: Settings) -> AsyncIterator[RateLimit]:
    if settings.api_rate_limit is None:
        yield Unlimited()
        return
    from taskflow.infra.counting import Counted, open_counted

    if settings.in_memory_bus:
        yield Counted(settings.api_rate_limit)
        return
    async with open_counted(settings.redis_url, settings.api_rate_limit) as counted:
        yield counted
