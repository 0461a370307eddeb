"""TaskFlow: background work that is durable, retried, and watched live.

What is imported from here is loaded when it is asked for, so that a program that only submits carries no server.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from taskflow.client.client import Client
    from taskflow.client.sync import SyncClient
    from taskflow.infra.task_info import TaskInfo
    from taskflow.mounting import mount, running
    from taskflow.worker.context import Context
    from taskflow.worker.handle import Handle
    from taskflow.worker.task import Permanent, RetryLater, Snooze, middleware, task

__all__ = [
    "Client",
    "Context",
    "Handle",
    "Permanent",
    "RetryLater",
    "Snooze",
    "SyncClient",
    "TaskInfo",
    "__version__",
    "middleware",
    "mount",
    "running",
    "task",
]

_MODULES: Final = {
    "Client": "taskflow.client.client",
    "Context": "taskflow.worker.context",
    "Handle": "taskflow.worker.handle",
    "Permanent": "taskflow.worker.task",
    "RetryLater": "taskflow.worker.task",
    "Snooze": "taskflow.worker.task",
    "SyncClient": "taskflow.client.sync",
    "TaskInfo": "taskflow.infra.task_info",
    "middleware": "taskflow.worker.task",
    "mount": "taskflow.mounting",
    "running": "taskflow.mounting",
    "task": "taskflow.worker.task",
}

__version__: str


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        value: Any = version("taskflow-server")
    elif name in _MODULES:
        value = getattr(import_module(_MODULES[name]), name)
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
