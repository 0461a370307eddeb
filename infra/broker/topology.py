"""What the exchange, the queues and their keys are called. Pure names; knows no client library."""

from dataclasses import dataclass
from typing import Final

DEFAULT_QUEUE: Final = "default"


@dataclass(frozen=True, slots=True)
class Route:
    """A queue, what brings a message there, the environment's variable that names it, and the type to make it of."""

    exchange: str
    routing_key: str
    queue: str
    named_by: str | None = "RABBITMQ_QUEUE"
    queue_type: str = ""


@dataclass(frozen=True, slots=True)
class Topology:
    """The names of RABBITMQ_EXCHANGE, RABBITMQ_QUEUE and RABBITMQ_ROUTING_KEY; `dead` is an exchange and its queue.

    `queue_type` is RABBITMQ_QUEUE_TYPE; an empty one is left to the broker, as every documented peer leaves it.
    """

    exchange: str = "task.topic"
    queue: str = "task.created"
    routing_key: str = "task.created"
    dead: str = "task.dead"
    queue_type: str = ""

    def route(self, queue: str) -> Route:
        """Where the messages of TaskFlow's queue `queue` go: `default` has the names as given, any other a suffix."""
        if queue == DEFAULT_QUEUE:
            return Route(self.exchange, self.routing_key, self.queue, queue_type=self.queue_type)
        key, name = f"{self.routing_key}.{queue}", f"{self.queue}.{queue}"
        return Route(self.exchange, key, name, queue_type=self.queue_type)

    @property
    def dead_route(self) -> Route:
        return Route(self.dead, "", self.dead, None, self.queue_type)
