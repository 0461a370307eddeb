"""Pages of rows that the database counts, newest first: cursors that nobody need look into."""

import base64
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final, Generic, Protocol, TypeVar

from taskflow.graph.lists.paging import page_size
from taskflow.infra.input import InvalidInput, Problem

LARGEST: Final = 2**63 - 1


class Numbered(Protocol):
    @property
    def id(self) -> int: ...


Row = TypeVar("Row", bound=Numbered)


@dataclass(frozen=True, slots=True)
class NumberedPage(Generic[Row]):
    rows: Sequence[Row]
    has_next: bool


def encode_number(list_: str, number: int) -> str:
    """A cursor of the list called `list_`."""
    return base64.urlsafe_b64encode(f"{list_}:{number}".encode()).decode().rstrip("=")


def decode_number(list_: str, cursor: str) -> int:
    """Raises InvalidInput when that list gave no such cursor."""
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        name, _, digits = base64.b64decode(padded.encode("ascii"), b"-_", validate=True).decode("ascii").partition(":")
    except ValueError:
        name, digits = "", ""
    number = number_of(digits)
    if name != list_ or number is None:
        raise InvalidInput((Problem("after", "takes a cursor that this list gave out"),))
    return number


def number_of(id_: str) -> int | None:
    """The number that an id is, None when no row of ours could have it."""
    is_one = id_.isascii() and id_.isdigit() and len(id_) <= len(str(LARGEST)) and int(id_) <= LARGEST
    return int(id_) if is_one else None


async def load_numbered(
    list_: str,
    read: Callable[[int | None, int], Awaitable[Sequence[Row]]],
    *,
    first: int | None,
    after: str | None,
) -> NumberedPage[Row]:
    """`read(before, limit)` gives rows with ids below `before`. One more is read, which tells whether there are others.

    Raises InvalidInput.
    """
    size = page_size(first, None)
    rows = await read(None if after is None else decode_number(list_, after), size + 1)
    return NumberedPage(rows[:size], has_next=len(rows) > size)
