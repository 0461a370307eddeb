"""What faults act on, and where they note what they did."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from sqlalchemy.ext.asyncio import AsyncEngine

from tests.chaos.evidence import Evidence, Span
from tests.chaos.fleet import Fleet
from tests.chaos.servers import Servers
from tests.contracts.proxy import Proxy


@dataclass
class World:
    """The locks keep two faults of one service from undoing each other."""

    fleet: Fleet
    servers: Servers
    engine: AsyncEngine
    relays: list[Proxy]
    evidence: Evidence
    database: asyncio.Lock = field(default_factory=asyncio.Lock)
    broker: asyncio.Lock = field(default_factory=asyncio.Lock)
    redis: asyncio.Lock = field(default_factory=asyncio.Lock)
    network: asyncio.Lock = field(default_factory=asyncio.Lock)


@contextmanager
def noted(where: list[Span], why: str, longer: float = 0.0) -> Iterator[None]:
    """As a span, whose effect may last for some seconds longer."""
    began = time.monotonic()
    try:
        yield
    finally:
        where.append(Span(began, time.monotonic() + longer, why))
