"""A few kinds worth looking at, loaded by `taskflow up`: progress, failures that pass, slow work in a thread."""

import asyncio
import time
from dataclasses import dataclass

from taskflow.worker.context import Context
from taskflow.worker.task import Permanent, RetryLater, task


@dataclass
class Resize:
    """How many images, and how long each takes."""

    images: int = 8
    seconds: float = 0.4


@task("progress", timeout=600)
async def progress(payload: Resize | None, ctx: Context) -> dict[str, int]:
    """Reports as it goes."""
    job = payload or Resize()
    for done in range(job.images):
        ctx.progress(done / job.images, f"resizing image {done + 1} of {job.images}")
        await asyncio.sleep(job.seconds)
    ctx.progress(1.0, f"resized {job.images} images")
    return {"images": job.images}


@dataclass
class Flaky:
    """How many attempts fail before one succeeds."""

    failures: int = 2


@task("flaky", max_attempts=5)
async def flaky(payload: Flaky | None, ctx: Context) -> dict[str, int]:
    """Fails at first, as a service that is restarting would."""
    failures = (payload or Flaky()).failures
    if ctx.attempt <= failures:
        raise ConnectionError(f"the payment service did not answer (attempt {ctx.attempt})")
    return {"attempts": ctx.attempt}


@dataclass
class Slow:
    """How long it works, in seconds."""

    seconds: float = 5.0


@task("slow", timeout=3600)
def slow(payload: Slow | None, ctx: Context) -> dict[str, float]:
    """A plain function, in a thread of its own: it asks whether it should stop."""
    seconds = (payload or Slow()).seconds
    began = time.monotonic()
    while (passed := time.monotonic() - began) < seconds and not ctx.cancelled:
        ctx.progress(min(passed / seconds, 1.0), f"{passed:.1f} of {seconds:g} s")
        time.sleep(0.1)
    return {"seconds": round(time.monotonic() - began, 1)}


@dataclass
class Card:
    number: str = ""


@task("charge", max_attempts=4)
async def charge(payload: Card | None, ctx: Context) -> dict[str, str]:
    """Says itself which failures another attempt may help."""
    card = payload or Card()
    if not card.number:
        raise Permanent("There is no card to charge")
    if ctx.attempt == 1:
        raise RetryLater("The bank asked to come back")
    return {"charged": card.number[-4:]}
