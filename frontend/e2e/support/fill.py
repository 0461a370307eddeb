"""Puts finished tasks into a stopped process's SQLite file, faster than any API could: python fill.py FILE COUNT."""

import sqlite3
import sys

TASKS = """
WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < :count - 1),
     at(i, t) AS (SELECT i, julianday('now', '-1 minute') - (:count - i) / 86400.0 FROM n)
INSERT INTO tasks (id, title, payload, status, created_at, updated_at, finished_at, kind, queue, message,
                   attempt, max_attempts, version, started_at, duration_ms)
SELECT printf('%08x-%04x-7000-8000-%012x', i / 65536, i % 65536, i),
       'Send invoice ' || i, '{"number":' || i || '}',
       CASE WHEN i % 50 = 0 THEN 'FAILED' WHEN i % 100 = 1 THEN 'CANCELLED' ELSE 'DONE' END,
       strftime('%Y-%m-%d %H:%M:%f000', t), strftime('%Y-%m-%d %H:%M:%f000', t, '+2 seconds'),
       strftime('%Y-%m-%d %H:%M:%f000', t, '+2 seconds'),
       CASE i % 4 WHEN 0 THEN 'invoice' WHEN 1 THEN 'mail' WHEN 2 THEN 'resize' ELSE 'message' END,
       'default', 'sent', 1, 3, 3, strftime('%Y-%m-%d %H:%M:%f000', t, '+1 seconds'), i % 900 + 100
FROM at
"""

file, count = sys.argv[1], int(sys.argv[2])
with sqlite3.connect(file) as database:
    database.execute("PRAGMA synchronous = OFF")
    database.execute(TASKS, {"count": count})
