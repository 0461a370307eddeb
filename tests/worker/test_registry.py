"""`@task` marks, a worker registers; what can't work is refused at the start, with the name of who has to mend it."""

import functools
import sys
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import pydantic
import pytest

from taskflow.db.lifecycle import DEFAULT_MAX_ATTEMPTS
from taskflow.db.outcome import Backoff
from taskflow.worker import builtin as handlers
from taskflow.worker import examples
from taskflow.worker.context import Context
from taskflow.worker.registry import Handler, HandlerError, Registry
from taskflow.worker.task import task


def module(*functions: Any, **others: Any) -> ModuleType:
    made = ModuleType("made")
    vars(made).update({f"f{number}": function for number, function in enumerate(functions)} | others)
    return made


@pytest.fixture
def team(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder that modules are imported from; what was imported is forgotten."""
    monkeypatch.syspath_prepend(tmp_path)
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        del sys.modules[name]


def test_marking_a_function_leaves_it_as_it_was() -> None:
    @task("double")
    def double(payload: int) -> int:
        return payload * 2

    assert double(4) == 8


def test_a_module_brings_the_functions_that_are_marked_and_no_others() -> None:
    @task("one")
    async def one(payload: Any) -> None: ...

    def helper(payload: Any) -> None: ...

    assert Registry.load([module(one, helper, number=3)]).kinds == ["one"]


def test_modules_are_named_or_given() -> None:
    assert Registry.load(["taskflow.worker.builtin", examples]).kinds == [
        "charge",
        "flaky",
        "message",
        "progress",
        "slow",
    ]


class Counter:
    """An object that can be called, and one of which nothing can be asked."""

    def __init__(self, step: int) -> None:
        self.step = step

    async def __call__(self, payload: dict[str, int], ctx: Context) -> int:
        return payload["number"] + self.step


class Proxy:
    """As a web framework's proxy outside of a request."""

    def __getattr__(self, name: str) -> Any:
        raise RuntimeError("working outside of a request")

    @property  # type: ignore[misc]
    def __class__(self) -> Any:
        raise RuntimeError("working outside of a request")


def add(step: int, payload: dict[str, int]) -> int:
    return payload["number"] + step


async def test_objects_that_can_be_called_are_handlers_like_functions() -> None:
    by_two, by_three = task("two")(functools.partial(add, 2)), task("three")(Counter(3))
    registry = Registry.load([module(by_two, by_three, proxy=Proxy())])
    assert registry.kinds == ["three", "two"]
    two, three = registry.get("two"), registry.get("three")
    assert two
    assert three
    assert (two.is_async, two.takes_context, two.function({"number": 1})) == (False, False, 3)
    assert (three.is_async, three.takes_context, await three.function({"number": 1}, None)) == (True, True, 4)
    with pytest.raises(pydantic.ValidationError):
        two.payload.validate_python({"number": "x"})


def test_a_class_is_refused_where_it_is_marked() -> None:
    with pytest.raises(TypeError, match="'count' is a class"):
        task("count")(Counter)


def test_a_module_of_handlers_that_has_our_own_name_is_told_so() -> None:
    with pytest.raises(HandlerError, match=r"taskflow is TaskFlow itself: .* another name"):
        Registry.load(["taskflow"])


def test_a_handler_that_two_modules_hold_is_one_handler() -> None:
    assert Registry.load([handlers, module(handlers.message)]).kinds == ["message"]


def test_two_handlers_of_one_kind_are_refused_and_both_named() -> None:
    @task("same")
    async def one(payload: Any) -> None: ...

    @task("same")
    def other(payload: Any) -> None: ...

    with pytest.raises(HandlerError, match=r"'same' has two handlers: .*one and .*other"):
        Registry.load([module(one, other)])


def test_options_are_kept() -> None:
    @task("busy", max_attempts=7, timeout=1.5, backoff=Backoff(base=timedelta(seconds=9)))
    async def busy(payload: Any, ctx: Context) -> None: ...

    options = Handler.of(busy).options
    assert (options.kind, options.max_attempts, options.timeout) == ("busy", 7, timedelta(seconds=1.5))
    assert options.backoff.base == timedelta(seconds=9)


def test_a_kind_that_is_not_known_has_the_default_number_of_attempts() -> None:
    assert Registry.load([handlers]).max_attempts("unheard of") == DEFAULT_MAX_ATTEMPTS


@pytest.mark.parametrize("options", [{"max_attempts": 0}, {"max_attempts": 101}, {"timeout": 0}, {"timeout": -1}])
def test_options_that_make_no_sense_are_refused_where_they_stand(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="'odd'"):
        task("odd", **options)


@pytest.mark.parametrize("kind", ["", None, lambda payload: None])
def test_a_mark_without_a_kind_is_refused_where_it_stands(kind: Any) -> None:
    """`@task` without brackets would take the function for the kind, and nobody would hear of it."""
    with pytest.raises(ValueError, match='@task\\("name"\\)'):
        task(kind)


async def nothing() -> None: ...


async def three(payload: Any, ctx: Context, more: int) -> None: ...


async def named_only(payload: Any, *, ctx: Context) -> None: ...


async def only_named(**payload: Any) -> None: ...


async def generator(payload: Any) -> AsyncIterator[int]:
    yield 1


def plain_generator(payload: Any) -> Iterator[int]:
    yield 1


async def bad_hint(payload: "Nowhere") -> None:  # type: ignore[name-defined]  # noqa: F821
    ...


class Unchecked:
    """A type that no payload can be checked against."""


async def uncheckable(payload: Unchecked) -> None: ...


@pytest.mark.parametrize(
    "function", [nothing, three, named_only, only_named, generator, plain_generator, bad_hint, uncheckable]
)
def test_a_function_that_could_not_be_called_is_refused_by_name(function: Any) -> None:
    with pytest.raises(HandlerError, match=f"{__name__}.{function.__name__}"):
        Registry.load([module(task("odd")(function))])


async def only_the_payload_is_checked(payload: dict[str, int], ctx: "Nowhere") -> "Nowhere":  # type: ignore[name-defined]  # noqa: F821
    return payload


def test_a_hint_other_than_the_payloads_may_be_known_to_type_checkers_alone() -> None:
    assert Registry.load([module(task("fine")(only_the_payload_is_checked))]).kinds == ["fine"]


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("import missing_library", "missing_library"),
        ("1 / 0", "ZeroDivisionError"),
        ("def (:", "SyntaxError"),
        ("import sys; sys.exit(3)", "SystemExit"),
    ],
)
def test_a_module_that_cannot_be_imported_is_named_with_the_cause(team: Path, source: str, reason: str) -> None:
    (team / "team_tasks.py").write_text(source)
    with pytest.raises(HandlerError) as refusal:
        Registry.load(["team_tasks"])
    line = str(refusal.value)
    assert line.startswith("WORKER_HANDLERS: team_tasks can't be imported: ")
    assert reason in line
    assert "\n" not in line


def test_a_module_that_is_not_there_is_named() -> None:
    with pytest.raises(HandlerError, match="no_such_module can't be imported"):
        Registry.load(["no_such_module"])
