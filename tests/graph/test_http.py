"""GraphQL over HTTP: what each request is answered with, and that nothing a client sends ends in a 500."""

import json
import logging
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from taskflow.graph.execution import errors
from taskflow.graph.http.body import JSON
from taskflow.graph.http.graphql import GRAPHQL, negotiate
from taskflow.infra.wire import encode_json
from tests.graph.serve import make_app
from tests.graph.toy import Missing

HEADERS = {"content-type": JSON, "accept": GRAPHQL}


def client_of(**options: Any) -> httpx.AsyncClient:
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(make_app(**options)), base_url="http://taskflow.test/graphql"
    )


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with client_of() as client:
        yield client


async def post(client: httpx.AsyncClient, query: str, **parameters: object) -> httpx.Response:
    return await client.post("", json={"query": query, **parameters}, headers=HEADERS)


def codes(response: httpx.Response) -> list[str]:
    return [error["extensions"]["code"] for error in response.json()["errors"]]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"5",
        b'"x"',
        b"[]",
        b'[{"query": "{hello}"}]',
        b'{"query": "{hello}"',
        b'{"query": "\xff"}',
        b'{"query": "\\ud800"}',
        b'{"query": null}',
        b'{"query": 5}',
        b'{"query": "{hello}", "variables": []}',
        b'{"query": "{hello}", "operationName": 5}',
        b'{"query": "{hello}", "extensions": "x"}',
        b'{"query": "{hello}", "variables": {"a": NaN}}',
        b'{"query": "{hello}", "variables": {"a": -Infinity}}',
        b'{"query": "{hello}", "variables": {"a": 1e999}}',
        b'{"query": "{hello}", "variables": {"a": ' + b"9" * 5_000 + b"}}",
        b'{"query": "{hello}", "variables": {"a": ' + b"[" * 201 + b"]" * 201 + b"}}",
        b'{"query": "{hello}", "variables": ' + b'{"a":' * 1_000 + b"1" + b"}" * 1_001,
        b"[" * 500_000,
    ],
    ids=lambda body: body[:45],
)
async def test_body_that_is_no_request_is_refused_with_400(client: httpx.AsyncClient, body: bytes) -> None:
    response = await client.post("", content=body, headers=HEADERS)
    assert (response.status_code, codes(response)) == (400, ["BAD_USER_INPUT"])


async def test_any_json_within_the_limits_passes_through_unchanged(client: httpx.AsyncClient) -> None:
    value = {"text": "é 🏊 \x00", "big": 2**70, "float": 0.1, "deep": json.loads("[" * 40 + "]" * 40), "none": None}
    response = await post(client, "query ($value: JSON!) { echo(value: $value) }", variables={"value": value})
    assert response.json() == {"data": {"echo": value}}


@pytest.mark.parametrize("content_type", ["", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data"])
async def test_only_json_is_read(client: httpx.AsyncClient, content_type: str) -> None:
    response = await client.post("", content=b'{"query": "{hello}"}', headers={"content-type": content_type})
    assert response.status_code == 415


async def test_body_over_the_limit_is_refused_with_or_without_its_length() -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(10):
            yield b" " * 50

    async with client_of(body_limit=400) as client:
        for content in (b" " * 500, chunks()):
            response = await client.post("", content=content, headers=HEADERS)
            assert response.status_code == 413


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        ("*/*", JSON),
        ("application/*;q=0.1", JSON),
        (JSON, JSON),
        (f"text/html, {JSON};q=0.9", JSON),
        (GRAPHQL, GRAPHQL),
        (f"{GRAPHQL}; charset=utf-8, {JSON};q=0.9", GRAPHQL),
        (f"{GRAPHQL},{JSON}", GRAPHQL),
        (f"{GRAPHQL};q=0.5, {JSON}", JSON),
        (f"{GRAPHQL};q=0, */*", JSON),
        ("text/html", ""),
        (f"{JSON};q=0", ""),
    ],
)
def test_answer_is_of_the_type_most_wanted(accept: str, media_type: str) -> None:
    assert negotiate(accept) == media_type


async def test_client_that_takes_neither_type_gets_406(client: httpx.AsyncClient) -> None:
    response = await client.get("", params={"query": "{hello}"}, headers={"accept": "text/html"})
    assert response.status_code == 406


@pytest.mark.parametrize(
    ("query", "variables"),
    [
        ("{", {}),
        ("{ nothing }", {}),
        ("{ hello", {}),
        ("", {}),
        ("query ($name: String!) { hello(name: $name) }", {}),
        ("query A { hello } query B { hello }", {}),
        ("subscription { count(to: 1) }", {}),
    ],
)
async def test_request_that_can_not_run_is_400_without_data(
    client: httpx.AsyncClient, query: str, variables: dict[str, object]
) -> None:
    response = await post(client, query, variables=variables)
    assert response.status_code == 400
    assert set(codes(response)) == {"BAD_USER_INPUT"}
    assert "data" not in response.json()


async def test_same_request_is_200_for_a_client_of_plain_json(client: httpx.AsyncClient) -> None:
    response = await client.post("", json={"query": "{ nothing }"})
    assert (response.status_code, response.headers["content-type"]) == (200, "application/json; charset=utf-8")
    assert codes(response) == ["BAD_USER_INPUT"]


async def test_get_runs_queries_with_all_parameters(client: httpx.AsyncClient) -> None:
    query = "query A($name: String) { hello(name: $name) } query B { __typename }"
    params = {"query": query, "variables": '{"name": "you"}', "operationName": "A", "extensions": "{}"}
    response = await client.get("", params=params)
    assert response.json() == {"data": {"hello": "hello you"}}


@pytest.mark.parametrize(
    "params", [{}, {"query": "{hello}", "variables": "{"}, {"query": "{hello}", "extensions": "[]"}]
)
async def test_get_that_is_no_request_is_400(client: httpx.AsyncClient, params: dict[str, str]) -> None:
    response = await client.get("", params=params)
    assert response.status_code == 400


async def test_mutation_by_get_is_405_and_says_what_to_use(client: httpx.AsyncClient) -> None:
    response = await client.get("", params={"query": "mutation { add(a: 1, b: 2) }"})
    assert (response.status_code, response.headers["allow"]) == (405, "POST")


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS"])
async def test_other_methods_are_405(client: httpx.AsyncClient, method: str) -> None:
    response = await client.request(method, "", json={"query": "{hello}"})
    assert (response.status_code, response.headers["allow"]) == (405, "GET, HEAD, POST")


async def test_browser_is_treated_as_any_client_while_there_is_no_page(client: httpx.AsyncClient) -> None:
    response = await client.get("", headers={"accept": "text/html,application/xhtml+xml,*/*;q=0.8"})
    assert (response.status_code, response.headers["content-type"]) == (400, "application/json; charset=utf-8")


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"origin": "http://taskflow.test"}, 200),
        ({"origin": "https://ally.test"}, 200),
        ({"origin": "https://other.test", "sec-fetch-site": "same-origin"}, 200),
        ({"origin": "https://other.test"}, 403),
        ({"origin": "https://other.test", "sec-fetch-site": "same-site"}, 403),
        ({"origin": "null"}, 403),
        ({"sec-fetch-site": "cross-site"}, 403),
    ],
)
async def test_pages_of_other_sites_may_not_send_operations(headers: dict[str, str], status: int) -> None:
    async with client_of(allowed_origins=["https://ally.test"]) as client:
        response = await client.post("", json={"query": "mutation { add(a: 1, b: 2) }"}, headers=headers)
    assert response.status_code == status


async def test_error_without_a_code_of_ours_is_masked_and_logged(
    client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR, logger="taskflow.graphql"):
        response = await post(client, "{ hello boom unknownCode }")
    assert response.status_code == 200
    assert response.json()["data"] == {"hello": "hello world", "boom": None, "unknownCode": None}
    assert codes(response) == ["INTERNAL_SERVER_ERROR"] * 2
    assert "secret" not in response.text
    assert "secret: where" in caplog.text


async def test_domain_error_has_its_code_and_words_also_in_a_list(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(errors.CODES, Missing, "NOT_FOUND")
    response = await post(client, "{ missing conflict listOfErrors }")
    assert codes(response) == ["NOT_FOUND", "CONFLICT", "NOT_FOUND", "INTERNAL_SERVER_ERROR"]
    assert [error["message"] for error in response.json()["errors"]][:3] == ["no such task", "taken", "first"]


async def test_argument_that_only_its_variable_spoils_is_the_clients_mistake(client: httpx.AsyncClient) -> None:
    query = 'query ($name: String = "x") { hello(name: $name) }'
    response = await post(client, query, variables={"name": None})
    assert codes(response) == ["BAD_USER_INPUT"]


def test_what_is_sent_is_valid_json_whatever_it_holds() -> None:
    value = {"message": "lone \ud800", "big": 2**70, "é": None}
    assert json.loads(encode_json(value).decode()) == value
