"""What the pages of rows that the database counts take, and what they say of themselves."""

from collections.abc import Sequence
from typing import Annotated

from taskflow.graph.schema.inputs import argument
from taskflow.graph.schema.types import PageInfo

First = Annotated[int | None, argument("At most so many: 1 to 200, 50 when not given.")]
After = Annotated[str | None, argument("Only those after this cursor.")]


def page_info(cursors: Sequence[str], has_next: bool, after: str | None) -> PageInfo:
    return PageInfo(
        has_next_page=has_next,
        has_previous_page=after is not None,
        start_cursor=cursors[0] if cursors else None,
        end_cursor=cursors[-1] if cursors else None,
    )
