"""An operation that is refused whole has a status that says so; one of which a part was done has not."""

import httpx
import pytest
import strawberry
from starlette.applications import Starlette
from starlette.routing import Route

from taskflow.graph.execution.access import Forbidden
from taskflow.graph.execution.schema import Schema
from taskflow.graph.http.graphql import GraphQLApp


@strawberry.type
class Anything:
    @strawberry.field
    def done(self) -> int:
        return 1

    @strawberry.field
    def forbidden(self) -> int:
        raise Forbidden("This takes the role admin")


@strawberry.type
class Changes(Anything):
    pass


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("{ forbidden done }", 403),
        ("{ done forbidden }", 403),
        ("mutation { forbidden }", 403),
        ("mutation { done forbidden }", 200),
        ("mutation { a: forbidden done }", 403),
        ("mutation { ...F } fragment F on Changes { ... { forbidden } done }", 403),
        ("mutation { ...F } fragment F on Changes { ... { done } forbidden }", 200),
    ],
)
async def test_a_mutation_of_which_a_part_was_done_is_no_refusal(query: str, status: int) -> None:
    app = GraphQLApp(Schema(Anything, Changes), context=lambda _: None)
    site = Starlette(routes=[Route("/graphql", app)])
    async with httpx.AsyncClient(transport=httpx.ASGITransport(site), base_url="http://test") as client:
        response = await client.post("/graphql", json={"query": query})
    assert response.status_code == status
    assert [error["extensions"]["code"] for error in response.json()["errors"]] == ["FORBIDDEN"]
