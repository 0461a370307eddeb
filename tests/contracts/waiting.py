"""Waiting for what must become true. The limit is an upper bound for a slow machine, never a pace."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Final

import pytest

PATIENCE: Final = 10.0


async def eventually(condition: Callable[[], Awaitable[bool]], *, within: float = PATIENCE) -> None:
    """Return once `condition` holds; fail with its name when it does not within `within` seconds."""
    deadline = asyncio.get_running_loop().time() + within
    while not await condition():
        if asyncio.get_running_loop().time() > deadline:
            raise AssertionError(f"{condition.__qualname__} did not become true within {within} s")
        await asyncio.sleep(0.02)


async def logged(caplog: pytest.LogCaptureFixture, words: str) -> bool:
    """Whether a warning, or worse, says so."""
    return any(words in record.message for record in caplog.records if record.levelno >= logging.WARNING)
