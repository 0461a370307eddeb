"""The worker process; and, from here, what a handler's author imports: task, Context, Permanent, RetryLater."""

from worker.context import Context
from worker.registry import Permanent, RetryLater, task

__all__ = ["Context", "Permanent", "RetryLater", "task"]
