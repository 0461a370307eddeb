"""Handlers of an imaginary shop, and gates: what keeps a handler from returning until a test says so."""

import asyncio
from collections import defaultdict

from pydantic import BaseModel

from taskflow import Context, RetryLater, task

GATES: defaultdict[str, asyncio.Event] = defaultdict(asyncio.Event)
"""By sku, which each test has to itself."""


class Order(BaseModel):
    sku: str
    count: int = 1


class Receipt(BaseModel):
    sku: str
    total: int


@task("order", queue="shop", max_attempts=4)
async def order(payload: Order) -> Receipt:
    return Receipt(sku=payload.sku, total=payload.count * 10)


@task("order-with-context")
async def order_with_context(payload: Order, ctx: Context) -> Receipt:
    return Receipt(sku=ctx.task_id, total=payload.count * 10)


@task("plain")
def plain(payload: Order) -> Receipt:
    return Receipt(sku=payload.sku, total=payload.count * 10)


@task("plain-with-context")
def plain_with_context(payload: Order, ctx: Context) -> Receipt:
    return Receipt(sku=ctx.task_id, total=payload.count * 10)


@task("nothing-to-say")
async def nothing_to_say(payload: None) -> int:
    return 7


@task("broken", max_attempts=1)
async def broken(payload: Order) -> Receipt:
    raise ValueError(f"no {payload.sku} today")


@task("held")
async def held(payload: Order, ctx: Context) -> str:
    ctx.progress(0.5, "half of it")
    await GATES[payload.sku].wait()
    return payload.sku


@task("again")
async def again(payload: None, ctx: Context) -> int:
    """Five changes: created, started, to be tried again, started, done."""
    if ctx.attempt == 1:
        raise RetryLater(delay=0)
    return ctx.attempt
