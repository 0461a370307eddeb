"""Reading tasks by id: callers that read at the same time share a request."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final, Generic, Protocol, TypeVar

from taskflow.client.shapes import Shape
from taskflow.infra.batcher import Batcher, Bounds, open_batcher

T = TypeVar("T")

AT_ONCE: Final = 15
"""Aliases that the API takes in a document."""


class Asks(Protocol):
    async def query(self, query: str, variables: dict[str, Any], /) -> dict[str, Any]:
        """The data of an operation that only reads. Raises CallError."""
        ...


class Reads(Generic[T]):
    def __init__(self, batcher: Batcher[str, T | None]) -> None:
        self._batcher = batcher

    async def get(self, task_id: str) -> T | None:
        """None when there is no such task. Raises Unavailable, Unauthorized."""
        return await self._batcher.submit(task_id)


@asynccontextmanager
async def open_reads(asks: Asks, shape: Shape[T]) -> AsyncIterator[Reads[T]]:
    async def flush(ids: list[str]) -> list[T | None]:
        variables = {f"i{number}": one for number, one in enumerate(ids)}
        data = await asks.query(_document(shape, len(ids)), variables)
        found = [data[f"t{number}"] for number in range(len(ids))]
        return [shape.read(node) if node else None for node in found]

    async with open_batcher(flush, bounds=Bounds(AT_ONCE), divisible=lambda _: False) as batcher:
        yield Reads(batcher)


def _document(shape: Shape[T], count: int) -> str:
    declared = ", ".join(f"$i{number}: ID!" for number in range(count))
    fields = " ".join(f"t{number}: task(id: $i{number}) {{ ...shape }}" for number in range(count))
    return f"query ({declared}) {{ {fields} }} fragment shape on Task {{ {shape.selection} }}"
