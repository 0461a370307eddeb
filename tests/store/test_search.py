"""What a search finds, the same on each database: by reading, and by the index; and what a watcher of it is told."""

from __future__ import annotations

import unicodedata
from datetime import timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from taskflow.db import queries, searching
from taskflow.db.counting import Count, count
from taskflow.db.lifecycle import TaskStatus
from taskflow.db.models import Task
from taskflow.db.queries import Filter, Order, OrderField
from taskflow.db.titles import read_titles
from taskflow.db.words import indexed, is_found, sought, spelled
from tests.store.databases import run
from tests.store.steps import NOON, SECOND, all_tasks, create_one

TITLES = [
    "हिन्दी रिपोर्ट",
    "தமிழ் அறிக்கை",
    "বাংলা প্রতিবেদন",
    "東京都の報告書を送る",
    "รายงานประจำวัน",
    "한국어 보고서",
    "Ежедневный отчёт",
    "Ημερήσια αναφορά",
    "تقرير يومي",
    "דוח יומי",
    "Übergröße prüfen: naïve café",
    "Việt Nam báo cáo",
    "C++ build",
    "C# build, then F#",
    "Cat pictures",
    "snake_case_title",
    "a.b and foo-bar",
    "don't panic (draft) <now>",
    "100% of №12",
    "Order 01a20bbb-de30-72d0-bd15-de3fb28f88fa",
    "one-two-three-four-five-and-letters-",
    "???",
    "-> next",
    "\U0001d4b3 🚀 lift-off 🇪🇺",
    "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaftsdirektor",
]
"""Titles of many kinds, all of them there at once."""


@pytest.fixture(params=[10_000, 1], ids=["by reading", "by the index"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(searching, "NEXT", request.param)
    monkeypatch.setattr(searching, "LONGEST", timedelta(seconds=60))


@pytest.fixture
async def stored(engine: AsyncEngine, way: None) -> AsyncEngine:
    await create_one(engine, title="Something else")
    for title in TITLES:
        await create_one(engine, title=title)
    return engine


async def found(engine: AsyncEngine, words: str) -> set[str]:
    """The titles, each as it is stored; a watcher of the same search is told of the same."""
    where = Filter(search=words)
    passing = {task.title for task in await queries.page(engine, where, Order(), after=None, limit=100)}
    counted = await count(engine, where)
    assert counted == Count(len(passing), False) or (counted.is_capped and counted.number <= len(passing))
    assert passing == {title for title in TITLES if is_found(words, title)}, words
    return passing


async def test_whoever_pastes_a_title_or_a_word_of_it_in_either_normal_form_finds_it(stored: AsyncEngine) -> None:
    for title in TITLES:
        for form in ("NFC", "NFD"):
            for search in (title, *title.split()):
                assert title in await found(stored, unicodedata.normalize(form, search)), (search, form)


async def test_a_title_that_came_in_the_other_normal_form_is_found(engine: AsyncEngine, way: None) -> None:
    apart = await create_one(engine, title=unicodedata.normalize("NFD", "Résumé für Việt"))
    for search in ("Résumé", "resume", "RÉS", "fur viet"):
        for form in ("NFC", "NFD"):
            where = Filter(search=unicodedata.normalize(form, search))
            assert await queries.page(engine, where, Order(), after=None, limit=9) == [apart], (search, form)


@pytest.mark.parametrize(
    ("search", "titles"),
    [
        ("C++", {"C++ build"}),
        ("c#", {"C# build, then F#"}),
        ("f#", {"C# build, then F#"}),
        ("++", {"C++ build"}),
        ("#", {"C# build, then F#"}),
        ("snake", {"snake_case_title"}),
        ("case", {"snake_case_title"}),
        ("snake_case", {"snake_case_title"}),
        ("title snake", {"snake_case_title"}),
        ("_", {"snake_case_title"}),
        ("a.b", {"a.b and foo-bar"}),
        ("foo-bar", {"a.b and foo-bar"}),
        ("bar", {"a.b and foo-bar"}),
        ("foo.bar", set()),
        ("don't", {"don't panic (draft) <now>"}),
        ("(draft)", {"don't panic (draft) <now>"}),
        ("draft now", {"don't panic (draft) <now>"}),
        ("%", {"100% of №12"}),
        ("12", {"100% of №12"}),
        ("???", {"???"}),
        ("????", set()),
        ("->", {"-> next"}),
        ("🚀", {"\U0001d4b3 🚀 lift-off 🇪🇺"}),
        ("報告", {"東京都の報告書を送る"}),
        ("告報", set()),
        ("ประจำ", {"รายงานประจำวัน"}),
        ("हिन", {"हिन्दी रिपोर्ट"}),
        ("न्दी", set()),
        ("ппп", set()),
        ("отч ежед", {"Ежедневный отчёт"}),
        ("donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaftsd", {TITLES[-1]}),
        ("donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaftsx", set()),
        ('"build" OR *', set()),
        ("+build -then", set()),
        ("'; DROP TABLE tasks; --", set()),
        ("\u200b \u00ad", set()),
    ],
)
async def test_a_part_of_the_search_begins_a_word_and_its_punctuation_counts(
    stored: AsyncEngine, search: str, titles: set[str]
) -> None:
    assert await found(stored, search) == titles


async def test_a_row_of_another_program_is_found_once_it_was_read(engine: AsyncEngine, way: None) -> None:
    columns = "INSERT INTO tasks (id, title, status) VALUES"
    await run(engine, *(f"{columns} ('row{number}', 'Другая программа', 'DONE')" for number in range(3)))
    before = {task.id: task.updated_at for task in await all_tasks(engine)}
    assert await read_titles(engine) == 3
    assert await read_titles(engine) == 0
    assert len(await queries.page(engine, Filter(search="программа"), Order(), after=None, limit=9)) == 3
    assert {task.id: task.updated_at for task in await all_tasks(engine)} == before


def test_a_word_of_any_length_and_script_has_a_beginning_that_the_index_takes() -> None:
    for title in [*TITLES, "ऀ" * 200, "x" * 255, "\U0001d4b3" * 255, "é" * 255]:
        for word in spelled(title).split(" "):
            assert len(word) <= 84, title
    assert indexed(*sought("日"), shortest=3) == {"w__65e5_": False}
    assert indexed(*sought("ab"), shortest=3) == {}
    assert indexed(*sought("C++"), shortest=3) == {"w_c": True}
    assert indexed(*sought("a.bcd"), shortest=3) == {"w_a": True, "w_bcd": False}


def test_a_title_is_spelled_in_ascii() -> None:
    assert spelled("C++ 東京") == " w_c.2b..2b., w__6771_ w__4eac_"


# --- bounds


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Six rows are looked at for one page, and no word is rare."""
    monkeypatch.setattr(searching, "NEXT", 5)
    monkeypatch.setattr(searching, "LONGEST", timedelta())
    monkeypatch.setattr(searching, "RARE", -1)


@pytest.mark.parametrize("kinds", [(), ("a",), ("a", "b")])
@pytest.mark.parametrize("order", [Order(), Order(descending=False), Order(OrderField.UPDATED_AT)])
async def test_a_search_for_words_that_are_seldom_together_stops_and_goes_on_from_there(
    engine: AsyncEngine, few: None, kinds: tuple[str, ...], order: Order
) -> None:
    for number in range(60):
        title = "red and blue" if number % 29 == 0 else "red" if number % 2 else "blue"
        await create_one(engine, title=title, kind="ab"[number % 3 == 0], now=NOON + number * SECOND)
    where = Filter(search="red blue", kinds=kinds)
    passing = [task for task in await all_tasks(engine) if task.title == "red and blue"]
    expected = sorted((task for task in passing if not kinds or task.kind in kinds), key=order.key)
    found, stops, after = list[Task](), 0, None
    while True:
        page = await queries.find(engine, where, order, after=after, limit=2)
        found += page.tasks
        if page.until is None and len(page.tasks) < 2:
            break
        stops += page.until is not None
        after = page.until or order.key(page.tasks[-1])
    assert [task.id for task in found] == [task.id for task in (expected[::-1] if order.descending else expected)]
    assert stops
    assert (await count(engine, where)).is_capped


async def test_a_word_that_is_rare_among_the_first_rows_is_looked_for_in_all(
    engine: AsyncEngine, few: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(searching, "RARE", 0)
    for number in range(40):
        await create_one(engine, title="red and blue" if number == 0 else "blue", now=NOON + number * SECOND)
    page = await queries.find(engine, Filter(search="blue red"), Order(), after=None, limit=2)
    assert [task.title for task in page.tasks] == ["red and blue"]
    assert page.until is None
    assert await count(engine, Filter(search="blue red")) == Count(1, False)


async def test_a_word_that_many_of_the_first_rows_have_is_not_looked_for_in_all(
    engine: AsyncEngine, few: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(searching, "RARE", 1)
    for number in range(40):
        title = "red and blue" if number == 0 else "red" if number % 2 else "blue"
        await create_one(engine, title=title, now=NOON + number * SECOND)
    page = await queries.find(engine, Filter(search="blue red"), Order(), after=None, limit=2)
    assert page.tasks == []
    assert page.until
    assert page.until[0] == NOON + 34 * SECOND


async def test_no_more_is_counted_than_can_be_read_soon(engine: AsyncEngine) -> None:
    for number in range(12):
        await create_one(engine, title="red", kind="ab"[number % 3 == 0], now=NOON + number * SECOND)
    pending = (TaskStatus.PENDING,)
    for where in (Filter(), Filter(statuses=pending), Filter(search="red"), Filter(statuses=tuple(TaskStatus))):
        assert await count(engine, where, most=12) == Count(12, False), where
        assert await count(engine, where, most=10) == Count(10, True), where
    assert await count(engine, Filter(kinds=("b",)), most=4) == Count(4, False)
    assert await count(engine, Filter(kinds=("b", "a")), most=9) == Count(9, True)
    by_other = Filter(statuses=pending, kinds=("a",))
    assert await count(engine, by_other, most=12) == Count(8, False)
    counted = await count(engine, by_other, most=6)
    assert counted.is_capped
    assert 0 < counted.number <= 6
