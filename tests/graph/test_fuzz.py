"""Both documents, fuzzed: what fits them and what does not is answered as they say, and never by a defect of ours.

Schemathesis makes the calls, from the same seed in every run; a real server in this process answers them.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import suppress
from functools import cache
from typing import Any, Final

import pytest
import schemathesis
from graphql import parse_value
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis import APIOperation, BaseSchema, Case, GenerationMode, Response, checks
from starlette.applications import Starlette

from taskflow.graph.app import OPENAPI
from taskflow.graph.schema.build import schema
from taskflow.graph.services import Services
from taskflow.infra.tokens import parse_tokens
from tests.graph.serve import serving
from tests.store.databases import everything

Operation = APIOperation[Any, Any, Any, Any]
Call = Case[Any]
TOKEN: Final = "viewer-0123456789abcdef"
OPEN: Final = {"/livez", "/healthz"}
CALLS: Final = 60
"""Of one document, shared among its operations, that fit it; and as many that do not."""
CONFORMS: Final = [
    checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
]
INSTANTS: Final = ['"2026-01-31T09:30:00.123456Z"', '"0001-01-01T00:00:00Z"', '"9999-12-31T23:59:59.999999Z"', '"now"']
VALUES: Final = ["null", "1", '"text"', "[]", '{message: "hi"}', '{a: [1, {b: null}], c: "\\u0000"}']

schemathesis.graphql.scalar("DateTime", st.sampled_from(INSTANTS).map(parse_value))
schemathesis.graphql.scalar("JSON", st.sampled_from(VALUES).map(parse_value))


@cache
def rest() -> Sequence[Operation]:
    """Without tokens that Schemathesis makes up, or leaves out."""
    config = schemathesis.Config.from_dict({"generation": {"with-security-parameters": False}})
    return operations_of(schemathesis.openapi.from_path(OPENAPI, config=config))


@cache
def graphql() -> Sequence[Operation]:
    loaded = schemathesis.graphql.from_dict({"data": schema.introspect()})
    loaded.location = "/graphql"
    return operations_of(loaded)


def operations_of(document: BaseSchema) -> list[Operation]:
    return [operation for operations in document.values() for operation in operations.values()]


def calls(operations: Sequence[Operation], mode: GenerationMode) -> Iterator[Call]:
    for operation in operations:
        yield from made(operation, mode, CALLS // len(operations))


@cache
def made(operation: Operation, mode: GenerationMode, count: int) -> Sequence[Call]:
    found: list[Call] = []

    @settings(
        max_examples=count,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(operation.as_strategy(mode))
    def collect(case: Call) -> None:
        found.append(case)

    with suppress(Unsatisfiable):  # it takes nothing that could be wrong
        collect()
    return found


@pytest.fixture
async def host(app: Starlette) -> AsyncIterator[str]:
    async with serving(app) as address:
        yield address


@pytest.fixture
def closed(services: Services) -> None:
    """Tokens are set."""
    services.tokens.are_wanted = services.tokens.replace(parse_tokens(f"wall:viewer:{TOKEN}"))


async def answered(
    host: str, operations: Sequence[Operation], mode: GenerationMode, token: str | None = None
) -> AsyncIterator[tuple[Call, Response]]:
    """Each call, and its answer."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    for case in calls(operations, mode):
        yield case, await asyncio.to_thread(case.call, base_url=f"http://{host}", headers=headers)


both = pytest.mark.parametrize("mode", list(GenerationMode))


@both
async def test_rest_answers_as_its_document_says(host: str, mode: GenerationMode) -> None:
    async for case, response in answered(host, rest(), mode):
        case.validate_response(response, checks=CONFORMS)


@both
@pytest.mark.usefixtures("closed")
async def test_rest_changes_nothing_for_a_viewer(host: str, services: Services, mode: GenerationMode) -> None:
    async for case, response in answered(host, rest(), mode, TOKEN):
        case.validate_response(response, checks=CONFORMS)
        assert (response.status_code == 403) is (case.method == "POST")
    assert not await everything(services.resources.engine)


@both
@pytest.mark.usefixtures("closed")
async def test_rest_answers_a_stranger_where_it_is_open_alone(host: str, mode: GenerationMode) -> None:
    async for case, response in answered(host, rest(), mode):
        case.validate_response(response, checks=CONFORMS)
        assert response.status_code == (200 if case.path in OPEN else 401)


@both
async def test_graphql_answers_whatever_fits_its_schema_and_what_does_not(host: str, mode: GenerationMode) -> None:
    async for case, response in answered(host, graphql(), mode):
        case.validate_response(response, checks=[checks.response_schema_conformance])
        assert response.status_code == 200, case.body
        assert "INTERNAL_SERVER_ERROR" not in codes(response), case.body


@both
@pytest.mark.usefixtures("closed")
async def test_graphql_changes_nothing_for_a_viewer(host: str, services: Services, mode: GenerationMode) -> None:
    async for case, response in answered(host, graphql(), mode, TOKEN):
        if case.operation.label.startswith("Mutation."):
            assert codes(response) <= {"FORBIDDEN", "BAD_USER_INPUT"}
            assert not any((response.json().get("data") or {}).values())
    assert not await everything(services.resources.engine)


@both
@pytest.mark.usefixtures("closed")
async def test_graphql_answers_a_stranger_nothing(host: str, mode: GenerationMode) -> None:
    async for _, response in answered(host, graphql(), mode):
        assert (response.status_code, codes(response)) == (401, {"UNAUTHENTICATED"})


def codes(response: Response) -> set[str]:
    return {error["extensions"]["code"] for error in response.json().get("errors", ())}
