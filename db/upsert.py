"""Rows that may be there already: inserted, or changed where they stand, in one statement on each database."""

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.dialects.mysql import insert as mysql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert


def upsert(table: sa.Table, dialect: str, changed: Sequence[str]) -> sa.Insert:
    """Of a row whose key is there already, the columns `changed` are set, and no others; without any, it is left."""
    key = [column.name for column in table.primary_key]
    if dialect == "sqlite":
        lite = sqlite_insert(table)
        if not changed:
            return lite.on_conflict_do_nothing(index_elements=key)
        return lite.on_conflict_do_update(index_elements=key, set_={name: lite.excluded[name] for name in changed})
    statement = mysql_insert(table)
    new = {name: statement.inserted[name] for name in changed} or {key[0]: table.c[key[0]]}
    return statement.on_duplicate_key_update(new)
