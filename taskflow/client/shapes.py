"""What is asked of the API follows from the dataclasses that it is read into: no field is spelled twice."""

import types
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, is_dataclass
from datetime import datetime
from enum import Enum
from typing import Any, Final, Generic, TypeVar

from taskflow.db.lifecycle import TaskStatus
from taskflow.infra.task_info import Outcome, TaskInfo, TaskStatusEvent
from taskflow.infra.wire import parse_instant

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class HistoryEvent:
    """A recorded change, as a task's history has it."""

    id: str
    version: int
    status: TaskStatus
    attempt: int
    message: str | None
    at: datetime


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A task's state and how it came to it: what is read where no event can be pushed."""

    id: str
    status: TaskStatus
    message: str | None
    attempt: int
    progress: float | None
    version: int
    updated_at: datetime
    events: list[HistoryEvent]

    def since(self, version: int | None) -> list[TaskStatusEvent]:
        """The changes after `version`, and the present state; that one alone for who has nothing yet."""
        before = [one for one in self.events if version is not None and version < one.version < self.version]
        missed = [
            TaskStatusEvent(one.id, self.id, one.status, one.message, one.attempt, None, one.version, one.at)
            for one in before
        ]
        return [*missed, self._present()]

    def _present(self) -> TaskStatusEvent:
        last = self.events[-1].id if self.events else "0"
        return TaskStatusEvent(
            last, self.id, self.status, self.message, self.attempt, self.progress, self.version, self.updated_at
        )


class Shape(Generic[T]):
    """A dataclass as the API has it: which fields to select, in camelCase, and how to read an answer."""

    def __init__(self, kind: type[T]) -> None:
        self._kind = kind
        hints = typing.get_type_hints(kind)
        names = [one.name for one in fields(kind)]  # type: ignore[arg-type]
        self._fields = [(_camel(name), _reader(hints[name])) for name in names]
        self.selection: str = " ".join(_camel(name) + _inner_selection(hints[name]) for name in names)

    def read(self, node: Mapping[str, Any]) -> T:
        """Raises what comes of reading something else."""
        return self._kind(*(read(node[name]) if read else node[name] for name, read in self._fields))


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(map(str.capitalize, others))


def _concrete(hint: Any) -> tuple[Any, bool]:
    """The class behind `X | None` and `list[X]`, and whether it is a list."""
    if isinstance(hint, types.UnionType):
        hint = next(one for one in typing.get_args(hint) if one is not types.NoneType)
    if typing.get_origin(hint) is list:
        return typing.get_args(hint)[0], True
    return hint, False


def _inner_selection(hint: Any) -> str:
    kind, _ = _concrete(hint)
    return f" {{ {Shape(kind).selection} }}" if isinstance(kind, type) and is_dataclass(kind) else ""


def _reader(hint: Any) -> Callable[[Any], Any] | None:
    kind, is_list = _concrete(hint)
    read: Callable[[Any], Any]
    if isinstance(kind, type) and is_dataclass(kind):
        read = Shape(kind).read
    elif kind is datetime:
        read = parse_instant
    elif isinstance(kind, type) and issubclass(kind, Enum):
        read = kind
    else:
        return None
    if is_list:
        return lambda values: [read(value) for value in values]
    return lambda value: None if value is None else read(value)


INFO: Final = Shape(TaskInfo)
EVENT: Final = Shape(TaskStatusEvent)
OUTCOME: Final = Shape(Outcome)
SNAPSHOT: Final = Shape(Snapshot)
