"""The first contact with a service at the start: how often it is tried, how long to wait between, what is said."""

import asyncio
import logging
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice

from taskflow.infra.background import doubling
from taskflow.infra.errors import StartError


class Unreachable(Exception):
    """The service does not answer, so far. Its text is the reason, in one line."""


class Refused(Exception):
    """The service does not let us in, and trying again can't help. Its text is the reason, in one line."""


@dataclass(frozen=True, slots=True)
class Attempts:
    """`count` tries, first `backoff` apart, then twice as long each time, up to five times `backoff`."""

    count: int
    backoff: timedelta

    @property
    def waits(self) -> list[float]:
        """Seconds after each try but the last."""
        return list(islice(doubling(self.backoff, cap=self.backoff * 5), self.count - 1))


async def connect(
    contact: Callable[[], Awaitable[None]],
    place: str,
    attempts: Attempts,
    *,
    failure: type[StartError],
    logger: logging.Logger,
) -> None:
    """Call `contact`, which raises Unreachable or Refused, until it returns.

    Raises `failure`, in one line that names `place`: at once when refused, or after the last try.
    """
    for wait in [*attempts.waits, None]:
        try:
            await contact()
        except Refused as error:
            raise failure(f"{place} refuses us: {error}") from error
        except Unreachable as error:
            if wait is None:
                raise failure(f"{place} can't be reached, tried {_times(attempts.count)}: {error}") from error
            logger.warning("%s can't be reached, next try in %.1f s: %s", place, wait, error)
            await asyncio.sleep(wait)
        else:
            return


def is_no_tls(error: BaseException | None) -> bool:
    """Whether the two sides can't agree on TLS: a certificate that is not trusted, a port that speaks without it."""
    while error is not None:
        if isinstance(error, ssl.SSLError) and not isinstance(error, ssl.SSLEOFError):
            return True
        error = error.__cause__ or error.__context__
    return False


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"
