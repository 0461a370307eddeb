"""Puts dead letters into a process's SQLite file, whose broker takes none from outside: python letters.py FILE JSON.

JSON is a list of objects with `reason`, `body` and, where there is one, `queue` and `task_id`.
"""

import json
import sqlite3
import sys

LETTER = """
INSERT INTO taskflow_dead_letters (reason, body, size, queue, task_id, at)
VALUES (:reason, :body, :size, :queue, :task_id, strftime('%Y-%m-%d %H:%M:%f000', 'now'))
"""

file, letters = sys.argv[1], json.loads(sys.argv[2])
with sqlite3.connect(file, timeout=30) as database:
    for letter in letters:
        body = letter["body"].encode()
        row = {"queue": None, "task_id": None, **letter, "body": body, "size": letter.get("size", len(body))}
        database.execute(LETTER, row)
