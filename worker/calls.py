"""What `submit` takes, as a type checker sees it: of a client, and of a handler."""

from collections.abc import Callable, Coroutine
from datetime import datetime, timedelta
from typing import Any, Concatenate, TypeAlias, TypedDict, TypeVar

P = TypeVar("P")
R = TypeVar("R")

AsyncHandler: TypeAlias = Callable[Concatenate[P, ...], Coroutine[Any, Any, R]]
"""`async def`, with the context or without."""
PlainHandler: TypeAlias = Callable[Concatenate[P, ...], R]
"""`def`, with the context or without."""
AnyHandler: TypeAlias = Callable[..., Any]


class SubmitOptions(TypedDict, total=False):
    """`title` is the kind when not given, `queue` the handler's own. `run_at` is aware; `delay` in seconds from now.

    `key` is the idempotency key: a second submit with it gives the first task, or Conflict when anything else differs.
    A `delay` is another instant each time, so give `run_at` beside a key.
    """

    title: str | None
    queue: str | None
    run_at: datetime | None
    delay: float | timedelta | None
    max_attempts: int | None
    key: str | None
