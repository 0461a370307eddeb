"""What `submit` takes, as a type checker sees it; and what each handler stands for, found out once."""

from collections.abc import Iterable
from typing import TypeAlias
from weakref import WeakKeyDictionary

from taskflow.db.lifecycle import TaskStatus
from taskflow.worker.calls import AnyHandler, SubmitOptions
from taskflow.worker.submission import Target

Item: TypeAlias = tuple[AnyHandler | str, object] | tuple[AnyHandler | str, object, SubmitOptions]
Words: TypeAlias = str | Iterable[str] | None
Statuses: TypeAlias = TaskStatus | str | Iterable[TaskStatus | str] | None


class Targets:
    """Safe from any thread: at worst something is found out twice."""

    def __init__(self) -> None:
        self._known: WeakKeyDictionary[AnyHandler, Target] = WeakKeyDictionary()

    def of(self, handler_or_kind: object) -> Target:
        """Raises TypeError for what is neither, HandlerError for a handler that no worker would take."""
        if isinstance(handler_or_kind, str) or not callable(handler_or_kind):
            return Target.of(handler_or_kind)
        try:
            known = self._known.get(handler_or_kind)
        except TypeError:  # an object that can't be a key
            return Target.of(handler_or_kind)
        if known is None:
            known = self._known[handler_or_kind] = Target.of(handler_or_kind)
        return known
