"""What a process has opened stays what it is when a handler changes the directory."""

from pathlib import Path

import pytest
import sqlalchemy as sa

from taskflow.infra.database import create_engine


async def test_a_relative_file_stays_the_same_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    engine = create_engine("sqlite+aiosqlite:///here.db")
    monkeypatch.chdir("/")
    try:
        async with engine.begin() as connection:
            await connection.execute(sa.text("CREATE TABLE seen (id INTEGER)"))
    finally:
        await engine.dispose()
    assert (tmp_path / "here.db").is_file()
