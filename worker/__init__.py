"""The worker process; and, from here, what a handler's author imports: task, Context, Permanent, RetryLater."""

from taskflow.worker.context import Context
from taskflow.worker.registry import Permanent, RetryLater, task

__all__ = ["Context", "Permanent", "RetryLater", "task"]
