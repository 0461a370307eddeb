"""The log of the API: what somebody did to a task, with its trace; never what was sent."""

import logging

import httpx
import pytest
from graphql import GraphQLError, parse
from graphql.language import FieldNode, OperationDefinitionNode

from taskflow.graph.execution.errors import mask
from tests.graph.api import Api

TRACE = "0af7651916cd43dd8448eb211c80319c"
PARENT = f"00-{TRACE}-b7ad6b7169203331-01"
SECRET = "s3cr3t-w0rd"


async def test_cancelling_and_retrying_are_a_line_each(
    api: Api, client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "taskflow.api")
    task_id = (await api.create(SECRET, payload={"secret": SECRET}, traceparent=PARENT))["id"]
    for mutation in ("cancelTask", "retryTask"):
        await api.ask(f"mutation ($id: ID!) {{ {mutation}(id: $id) {{ id }} }}", id=task_id)
    lines = [vars(record) for record in caplog.records if record.name == "taskflow.api"]
    assert [(line["message"], line["status"]) for line in lines] == [
        ("task cancelled", "CANCELLED"),
        ("task retried", "PENDING"),
    ]
    assert {(line["task_id"], line["trace_id"]) for line in lines} == {(task_id, TRACE)}
    assert SECRET not in caplog.text


def test_an_error_of_the_schema_quotes_no_document(caplog: pytest.LogCaptureFixture) -> None:
    [operation] = parse(f'{{ echo(value: "{SECRET}") }}').definitions
    assert isinstance(operation, OperationDefinitionNode)
    [field] = operation.selection_set.selections
    assert isinstance(field, FieldNode)
    cause = GraphQLError(f"Int cannot represent value: '{SECRET}'", [field])
    for error in (cause, GraphQLError(cause.message, [field], original_error=cause)):
        assert SECRET in str(error)
        assert mask(error).message == "Internal server error"
    assert caplog.text.count("unexpected error") == 2
    assert SECRET not in caplog.text
