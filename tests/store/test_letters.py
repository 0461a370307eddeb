"""Dead letters, suspects and the audit on every database."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from taskflow.db import audit, letters, tasks
from taskflow.db.audit import Act
from taskflow.db.errors import LetterNotFound
from tests.store.steps import LATER, NOON, create_one

DIGEST = "d" * 64


async def keep(engine: AsyncEngine, body: bytes = b"rubbish", *, most: int = 1000) -> letters.Letter:
    await letters.keep(engine, body, most=most, reason="why 💥", queue="mail", task_id=None, now=NOON)
    return (await letters.page(engine, before=None, limit=1))[0]


@pytest.mark.parametrize("body", [b"", b"\xff\x00\x27\\ \xf0\x9f", bytes(range(256)) * 1100])
async def test_a_body_is_kept_byte_for_byte(engine: AsyncEngine, body: bytes) -> None:
    letter = await keep(engine, body, most=300_000)
    assert letter == letters.Letter(letter.id, "why 💥", body, len(body), "mail", None, NOON)
    assert await letters.get(engine, letter.id) == letter


async def test_a_body_that_is_cut_says_so(engine: AsyncEngine) -> None:
    letter = await keep(engine, b"x" * 11, most=10)
    assert (letter.body, letter.size, letter.is_cut) == (b"x" * 10, 11, True)


async def test_a_page_goes_on_before_the_last_one(engine: AsyncEngine) -> None:
    ids = [(await keep(engine)).id for _ in range(3)]
    assert [one.id for one in await letters.page(engine, before=ids[2], limit=2)] == [ids[1], ids[0]]
    assert await letters.count(engine) == 3


async def test_of_two_who_remove_a_letter_one_does(engine: AsyncEngine) -> None:
    letter = await keep(engine)
    act = Act("ops", "discardDeadLetter", str(letter.id))
    removed = [letters.remove(engine, letter.id, act, now=LATER) for _ in range(2)]
    answers = await asyncio.gather(*removed, return_exceptions=True)
    assert {type(answer) for answer in answers} == {LetterNotFound, type(None)}
    (entry,) = await audit.page(engine, before=None, limit=10)
    assert (entry.at, entry.actor, entry.action) == (LATER, "ops", "discardDeadLetter")


async def test_each_start_with_a_suspect_is_counted_until_it_is_cleared(engine: AsyncEngine) -> None:
    assert [await letters.suspect(engine, DIGEST, now=NOON) for _ in range(3)] == [0, 1, 2]
    assert await letters.suspect(engine, "e" * 64, now=NOON) == 0
    await letters.clear(engine, [DIGEST])
    assert await letters.suspect(engine, DIGEST, now=NOON) == 0


async def test_workers_that_begin_at_once_are_all_counted(engine: AsyncEngine) -> None:
    begun = await asyncio.gather(*(letters.suspect(engine, DIGEST, now=NOON) for _ in range(8)))
    assert sorted(begun) == list(range(8))


async def test_of_many_those_are_counted_that_are_new(engine: AsyncEngine) -> None:
    others = ["a" * 64, "b" * 64]
    await letters.suspect(engine, DIGEST, now=NOON)
    found = await letters.suspect_new(engine, [others[0], DIGEST, others[1], others[0]], now=NOON)
    assert found == [True, False, True, False]
    assert [await letters.suspect(engine, one, now=NOON) for one in (DIGEST, *others)] == [1, 1, 1]
    await letters.clear(engine, [DIGEST, *others])
    assert await letters.suspect_new(engine, [DIGEST, *others], now=NOON) == [True] * 3


async def test_a_suspect_is_forgotten_after_a_day(engine: AsyncEngine) -> None:
    await letters.suspect(engine, DIGEST, now=NOON)
    assert await letters.suspect(engine, DIGEST, now=NOON + timedelta(hours=23)) == 1
    assert await letters.suspect(engine, DIGEST, now=NOON + timedelta(hours=48)) == 0


async def test_what_was_asked_of_a_task_is_recorded_with_it(engine: AsyncEngine) -> None:
    task = await create_one(engine)
    await tasks.cancel(engine, task.id, now=LATER, act=Act("a" * 200, "cancelTask", task.id, {"n": [1, "ü"]}))
    await tasks.retry(engine, task.id, now=LATER, act=Act(None, "retryTask", task.id))
    newest, oldest = await audit.page(engine, before=None, limit=10)
    assert (newest.actor, newest.action, newest.subject, newest.detail) == (None, "retryTask", task.id, None)
    assert (oldest.actor, oldest.action, oldest.detail) == ("a" * 100, "cancelTask", {"n": [1, "ü"]})
    assert await audit.page(engine, before=newest.id, limit=10) == [oldest]
