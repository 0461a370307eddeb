"""The documented table as another program made it, with rows in all its states."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy.ext.asyncio import AsyncEngine

from tests.store.databases import fetch, run

DOCUMENTED = """
    CREATE TABLE tasks (
      id           CHAR(36) PRIMARY KEY,
      title        VARCHAR(255) NOT NULL,
      payload      JSON NULL,
      status       ENUM('PENDING','PROCESSING','DONE','FAILED') NOT NULL,
      created_at   DATETIME(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
      updated_at   DATETIME(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6) ON UPDATE CURRENT_TIMESTAMP(6),
      finished_at  DATETIME(6) NULL
    )"""
DOCUMENTED_ON_SQLITE = """
    CREATE TABLE tasks (
      id           CHAR(36) PRIMARY KEY,
      title        VARCHAR(255) NOT NULL,
      payload      JSON NULL,
      status       VARCHAR(10) NOT NULL,
      created_at   DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP,
      updated_at   DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP,
      finished_at  DATETIME NULL
    )"""
ROWS = """
    INSERT INTO tasks (id, title, payload, status, created_at, updated_at, finished_at) VALUES
      ('p1', 'Waiting', '{"message": "one"}', 'PENDING',
       '2025-10-13 02:30:00.000001', '2025-10-13 02:30:00.000001', NULL),
      ('p2', 'Waiting', NULL, 'PENDING',
       '2025-10-13 02:30:00.500000', '2025-10-13 02:30:01.000000', NULL),
      ('r1', 'Running', '{"message": "two"}', 'PROCESSING',
       '2025-10-13 02:30:00.000003', '2025-10-13 02:30:02.000000', NULL),
      ('d1', 'Done', '{"message": "é"}', 'DONE',
       '2025-10-13 02:30:00.000004', '2025-10-13 02:31:00.000000', '2025-10-13 02:31:00.000000'),
      ('f1', 'Failed', '{}', 'FAILED',
       '2025-10-13 02:30:00.000005', '2025-10-13 02:31:00.000000', '2025-10-13 02:31:00.000000')
"""
DOCUMENTED_COLUMNS = "id, title, payload, status, created_at, updated_at, finished_at"
NOW = datetime.now(UTC)


async def adopted(engine: AsyncEngine, ddl: str | None = None) -> AsyncEngine:
    """With the documented table in it, rows in all its states, and another tool's bookkeeping."""
    await run(
        engine,
        ddl or (DOCUMENTED_ON_SQLITE if engine.dialect.name == "sqlite" else DOCUMENTED),
        "CREATE INDEX idx_tasks_status ON tasks (status)",
        ROWS,
        "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)",
        "INSERT INTO alembic_version VALUES ('0cafe0')",
    )
    return engine


async def documented_rows(engine: AsyncEngine) -> list[tuple[object, ...]]:
    return await fetch(engine, f"SELECT {DOCUMENTED_COLUMNS} FROM tasks ORDER BY id")
