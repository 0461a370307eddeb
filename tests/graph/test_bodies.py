"""A body of JSON: UTF-8, with or without a byte-order mark, through every door; nothing else."""

import codecs
import json

import httpx
import pytest

MARK = codecs.BOM_UTF8
JSON = {"content-type": "application/json"}
QUERY = {"query": "query ($id: ID!) { task(id: $id) { id } }", "variables": {"id": "é"}}


@pytest.mark.parametrize(("path", "body", "status"), [("/tasks", {"title": "é"}, 201), ("/graphql", QUERY, 200)])
async def test_a_byte_order_mark_is_passed_over(
    client: httpx.AsyncClient, path: str, body: object, status: int
) -> None:
    for spelled in (json.dumps(body), json.dumps(body, ensure_ascii=False)):
        response = await client.post(path, content=MARK + spelled.encode(), headers=JSON)
        assert response.status_code == status, response.text
        assert "errors" not in response.json()


async def test_a_byte_order_mark_is_passed_over_in_the_variables_of_an_address(client: httpx.AsyncClient) -> None:
    asked = {"query": str(QUERY["query"]), "variables": "\ufeff" + json.dumps(QUERY["variables"])}
    assert (await client.get("/graphql", params=asked)).json() == {"data": {"task": None}}


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "latin-1"])
@pytest.mark.parametrize(("path", "body"), [("/tasks", {"title": "é"}), ("/graphql", QUERY)])
async def test_another_encoding_is_not_json(client: httpx.AsyncClient, path: str, body: object, encoding: str) -> None:
    content = json.dumps(body, ensure_ascii=False).encode(encoding)
    response = await client.post(path, content=content, headers=JSON)
    assert response.status_code == 400
    assert "Not JSON" in response.text


@pytest.mark.parametrize("twice", [MARK * 2 + b'{"title": "A"}', b'{"title": "A"}' + MARK])
async def test_a_mark_anywhere_else_is_not_json(client: httpx.AsyncClient, twice: bytes) -> None:
    assert (await client.post("/tasks", content=twice, headers=JSON)).status_code == 400
