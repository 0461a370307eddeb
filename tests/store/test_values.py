"""What goes in comes out: JSON to the last digit, instants to the microsecond, texts to the letter."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.ext.asyncio import AsyncEngine

from taskflow.db import finishing, tasks
from taskflow.db.finishing import Finish
from taskflow.db.outcome import Failed, Succeeded, TaskError
from taskflow.db.tasks import Claimed
from taskflow.infra.wire import dump_json
from tests.store.databases import fetch, on_servers, run
from tests.store.steps import NOON, claim, create, create_one, finish, get, history, new, start, started


def nested(levels: int) -> dict[str, Any]:
    value: dict[str, Any] = {}
    for _ in range(levels - 1):
        value = {"deeper": value}
    return value


PAYLOADS: dict[str, dict[str, Any]] = {
    "empty object": {},
    "unicode": {"grüße": "žluťoučký 漢字 العربية", "emoji 🎉": "👩‍👩‍👧‍👦 \U0010ffff"},
    "separators": {"text": "line\u2028line\u2029 \u0085 \ufeff"},
    "quotes and escapes": {"a'b\"c\\d": "\\n %s %(x)s :name ? {} \\' \\\" ;-- /* */ %%"},
    "control characters": {"text": "".join(map(chr, range(32))) + "\x7f"},
    "NUL": {"a\0b": "\0", "list": ["\0\0"]},
    "64-bit integers": {"max": 2**63 - 1, "min": -(2**63), "unsigned": 2**64 - 1, "beyond double": 2**53 + 1},
    "floats": {
        "list": [0.1, 0.1 + 0.2, 1.0, -0.0, 1e22, 1e23, 123456789012345680.0, 5e-324, 1.7976931348623157e308, 1e-7, 2.5]
    },
    "scalars": {
        "true": True,
        "false": False,
        "null": None,
        "zero": 0,
        "empty": "",
        "list": [],
        "mixed": [1, "1", None],
    },
    "32 levels": nested(32),
    "32 levels of lists": {"list": [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]},
    "many keys": {f"key {number}": number for number in range(2000)},
    "empty key": {"": {"": ""}},
    "keys alike": {"a": 1, "A": 2, "á": 3, "a ": 4},
}


@pytest.mark.parametrize("payload", PAYLOADS.values(), ids=PAYLOADS.keys())
async def test_a_payload_comes_out_as_it_went_in(engine: AsyncEngine, payload: dict[str, Any]) -> None:
    task = await create_one(engine, payload=payload)
    assert same((await get(engine, task.id)).payload, payload)
    assert same((await start(engine, task.id)).task.payload, payload)


async def test_a_result_comes_out_as_it_went_in(engine: AsyncEngine) -> None:
    for result in [*PAYLOADS.values(), [], "text", "", "\0🎉", 0, 1, -1, 2**64 - 1, 0.1, 1e22, True, False]:
        ended = await finish(engine, await started(engine), Succeeded(result))
        assert ended
        assert same((await get(engine, ended.id)).result, result)


async def test_no_payload_and_no_result_are_null(engine: AsyncEngine) -> None:
    ended = await finish(engine, await started(engine, payload=None), Succeeded(None))
    assert ended is not None
    row = await get(engine, ended.id)
    assert (row.payload, row.result) == (None, None)
    assert await fetch(engine, "SELECT COUNT(*) FROM tasks WHERE payload IS NULL AND result IS NULL") == [(1,)]


async def test_values_of_a_batch_do_not_mix(engine: AsyncEngine) -> None:
    """A driver may send a batch of rows by other means than one row."""
    groups = [[new(payload=payload)] for payload in [*PAYLOADS.values(), None]]
    results, _ = await tasks.create(engine, groups, now=NOON)
    ids = [group[0].id for group in groups]
    assert len(results) == len(ids)
    claims = [one for one in await claim(engine, ids) if isinstance(one, Claimed)]
    assert all(same(one.task.payload, group[0].payload) for one, group in zip(claims, groups, strict=True))
    await finishing.finish(engine, [Finish(one.task, Succeeded(one.task.payload)) for one in claims], now=NOON)
    for group in groups:
        assert same((await get(engine, group[0].id)).result, group[0].payload)


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"]), max_size=8), inner, max_size=4)
    ),
    max_leaves=12,
)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(values=st.lists(json_values, min_size=1, max_size=20))
async def test_any_json_comes_out_as_it_went_in(engine: AsyncEngine, values: list[Any]) -> None:
    some = await create(engine, len(values))
    claims = [one for one in await claim(engine, [task.id for task in some]) if isinstance(one, Claimed)]
    finishes = [Finish(one.task, Succeeded(value)) for one, value in zip(claims, values, strict=True)]
    ended, _ = await finishing.finish(engine, finishes, now=NOON)
    for task, value in zip(ended, values, strict=True):
        assert task
        assert same((await get(engine, task.id)).result, value)


def same(one: Any, other: Any) -> bool:
    """Equal, types and all, down to 1 and 1.0; of keys only the order may differ."""
    return dump_sorted(one) == dump_sorted(other)


def dump_sorted(value: Any) -> bytes:
    def in_order(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: in_order(value[key]) for key in sorted(value)}
        return [in_order(one) for one in value] if isinstance(value, list) else value

    return dump_json(in_order(value))


async def test_an_error_comes_out_as_it_went_in_and_so_does_its_copy(engine: AsyncEngine) -> None:
    error = TaskError(type="Grüße", message="💥 'quoted' \\ %s \0", traceback="line 1\n\tline 2\r\n" + "x" * 16_000)
    ended = await finish(engine, await started(engine), Failed(error, None))
    assert ended is not None
    row = await get(engine, ended.id)
    assert (row.error, row.message) == (error, error["message"])
    event = (await history(engine, ended.id))[-1]
    assert (event.error, event.message) == (error, error["message"])


@pytest.mark.parametrize("text", ["x" * 255, "🎉" * 255, "Ünï'\"\\%_;--", "  inner  spaces  kept  .", "tab\tin it"])
async def test_a_title_comes_out_as_it_went_in(engine: AsyncEngine, text: str) -> None:
    task = await create_one(engine, title=text)
    assert (await get(engine, task.id)).title == text


@pytest.mark.parametrize(
    "at",
    [
        datetime(2026, 1, 31, 9, 30, 0, 1, tzinfo=UTC),
        datetime(2026, 1, 31, 9, 30, 0, 999999, tzinfo=UTC),
        datetime(2026, 1, 31, 9, 30, tzinfo=UTC),
        datetime(2026, 3, 29, 2, 30, tzinfo=timezone(timedelta(hours=2))),
        datetime(1970, 1, 1, tzinfo=UTC),
        datetime(1969, 12, 31, 23, 59, 59, 999999, tzinfo=UTC),
        datetime(2106, 2, 7, 6, 28, 16, tzinfo=UTC),
        datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC),
        datetime(1000, 1, 1, tzinfo=UTC),
    ],
)
async def test_instants_keep_their_microseconds_and_come_back_in_utc(engine: AsyncEngine, at: datetime) -> None:
    task = await create_one(engine, run_at=at)
    found = (await get(engine, task.id)).run_at
    assert found == at
    assert found.tzinfo is UTC


async def test_an_instant_without_a_zone_is_refused(engine: AsyncEngine) -> None:
    with pytest.raises(ValueError, match="needs a zone"):
        await create_one(engine, now=datetime(2026, 1, 31))


async def test_the_databases_own_clock_is_utc_to_the_microsecond_whatever_the_machines_zone(
    engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "Asia/Kathmandu")
    before = datetime.now(UTC) - timedelta(seconds=2)
    await run(engine, "INSERT INTO tasks (id, title, payload, status) VALUES ('a', 'A title', NULL, 'PENDING')")
    row = await get(engine, "a")
    assert before <= row.created_at <= datetime.now(UTC) + timedelta(seconds=2)
    assert before <= row.updated_at <= datetime.now(UTC) + timedelta(seconds=2)


@on_servers
async def test_a_session_is_the_same_on_every_server(engine: AsyncEngine) -> None:
    """A server may be set to cut what does not fit, and to another zone."""
    ((zone, mode),) = await fetch(engine, "SELECT @@session.time_zone, @@session.sql_mode")
    assert zone == "+00:00"
    assert set(str(mode).split(",")) == {"STRICT_TRANS_TABLES", "NO_ENGINE_SUBSTITUTION"}
