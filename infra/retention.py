"""TASK_RETENTION: for how long tasks are kept that have ended. Pure."""

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from taskflow.db.lifecycle import TaskStatus

UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
AGE: Final = re.compile(r"(\d{1,9}(?:\.\d{1,6})?)([smhd])", re.ASCII)
LONGEST: Final = timedelta(days=36_500)
STATUSES: Final = (TaskStatus.DONE, TaskStatus.FAILED, TaskStatus.CANCELLED)
TAKES: Final = (
    "takes an age, such as 30d, or ages by status, such as DONE=7d,FAILED=90d: of DONE, FAILED and CANCELLED; "
    f"an age is a number with s, m, h or d, above 0 and at most {LONGEST.days}d"
)


def parse_retention(value: Any) -> Any:
    """Ages by status: tasks of a status that is not in it are kept for ever. Raises ValueError."""
    if not isinstance(value, str):
        return value
    if "=" not in value:
        return dict.fromkeys(STATUSES, _age(value))
    ages: dict[TaskStatus, timedelta] = {}
    for one in value.split(","):
        name, _, age = (part.strip() for part in one.partition("="))
        if name not in STATUSES:
            raise ValueError(TAKES)
        if name in ages:
            raise ValueError(f"names {name} twice; it {TAKES}")
        ages[TaskStatus(name)] = _age(age)
    return ages


def _age(text: str) -> timedelta:
    match = AGE.fullmatch(text.strip())
    age = timedelta(**{UNITS[match[2]]: float(match[1])}) if match else timedelta()
    if not timedelta() < age <= LONGEST:
        raise ValueError(TAKES)
    return age


def longest(ages: Mapping[TaskStatus, timedelta]) -> timedelta:
    """For how long dead letters are kept, which have no status. `ages` is not empty."""
    return max(ages.values())
