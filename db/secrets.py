"""Where a payload has secrets, and how it is shown without them. Pure; imports no store."""

from collections.abc import Collection, Iterator
from typing import Any, Final

MASK: Final = "**********"
"""What is shown in place of a secret, as pydantic does."""
EACH: Final = None
Path = tuple[str | None, ...]
"""Where a secret is in a payload: keys, and EACH for any item of a list or any value of an object."""


def masked(value: Any, paths: Collection[Path]) -> Any:
    """The same JSON value with MASK, whatever is there, at each of the paths. A null stays: nothing is hidden in it."""
    if not paths or value is None:
        return value
    if () in paths:
        return MASK
    if isinstance(value, dict):
        return {key: masked(one, _below(paths, key)) for key, one in value.items()}
    if isinstance(value, list):
        return [masked(one, _below(paths, EACH)) for one in value]
    return value


def given_masks(value: Any, paths: Collection[Path], at: str = "payload") -> Iterator[str]:
    """Where MASK stands for a secret, as `payload.accounts.0.password`: what was shown has been sent back."""
    if () in paths and value == MASK:
        yield at
    elif isinstance(value, dict):
        for key, one in value.items():
            yield from given_masks(one, _below(paths, key), f"{at}.{key}")
    elif isinstance(value, list):
        for number, one in enumerate(value):
            yield from given_masks(one, _below(paths, EACH), f"{at}.{number}")


def _below(paths: Collection[Path], key: str | None) -> set[Path]:
    return {path[1:] for path in paths if path and path[0] in (EACH, key)}
