"""Where the nodes of one RabbitMQ are, for all connections of a process: one that failed is tried after the others."""

from collections import deque
from collections.abc import Sequence

from yarl import URL

from taskflow.infra.broker import BrokerUnavailable
from taskflow.infra.urls import check_rabbitmq, each_host

# RabbitMQ keeps a half-open connection, and what it has sent there, for two to three heartbeats.
HEARTBEAT_SECONDS = 5


class Nodes:
    def __init__(self, urls: Sequence[URL]) -> None:
        self._urls = deque(urls)

    @classmethod
    def of(cls, url: str) -> "Nodes":
        """From RABBITMQ_URL. Raises BrokerUnavailable, without the password."""
        try:
            check_rabbitmq(url)
        except ValueError as error:
            raise BrokerUnavailable(f"RABBITMQ_URL {error}") from None
        return cls([_with_heartbeat(URL(one)) for one in each_host(url)])

    def __str__(self) -> str:
        return f"RabbitMQ at {', '.join(map(_place, self._urls))}"

    @property
    def in_turn(self) -> Sequence[URL]:
        return tuple(self._urls)

    @property
    def next(self) -> URL:
        return self._urls[0]

    def note_failure(self, url: URL) -> None:
        """Of a connection there. Others that lose theirs at the same time are to find the same node next."""
        if self._urls[0] == url:
            self._urls.rotate(-1)


def _with_heartbeat(url: URL) -> URL:
    return url if "heartbeat" in url.query else url.update_query(heartbeat=HEARTBEAT_SECONDS)


def _place(url: URL) -> str:
    return f"{url.host}:{url.port or (5671 if url.scheme == 'amqps' else 5672)}"
