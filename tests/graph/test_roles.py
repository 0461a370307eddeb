"""Each mutation, and the least role that it takes. One that somebody adds has to be on the list."""

import itertools
from typing import Final

import pytest

from taskflow.graph.execution.access import Forbidden, Role, Viewer
from taskflow.graph.execution.library import core_schema
from taskflow.graph.schema.build import schema
from taskflow.graph.services import Operation, Services
from tests.store.databases import everything

MUTATIONS: Final = {
    'createTask(input: {title: "A"}) { created }': Role.OPERATOR,
    'createTasks(inputs: [{title: "A"}]) { createdCount }': Role.OPERATOR,
    'retryTask(id: "1") { id }': Role.OPERATOR,
    'cancelTask(id: "1") { id }': Role.OPERATOR,
    'pauseQueue(name: "mail") { name }': Role.OPERATOR,
    'resumeQueue(name: "mail") { name }': Role.OPERATOR,
    'replayDeadLetter(id: "1") { id }': Role.OPERATOR,
    'discardDeadLetter(id: "1")': Role.OPERATOR,
    'deleteTask(id: "1")': Role.ADMIN,
}


def test_no_mutation_is_missing_from_the_list() -> None:
    mutations = core_schema(schema).mutation_type
    assert mutations
    assert {field.partition("(")[0] for field in MUTATIONS} == set(mutations.fields)


@pytest.mark.parametrize(("mutation", "role"), [*itertools.product(MUTATIONS, Role)], ids=str)
async def test_a_mutation_is_refused_to_a_role_that_is_too_low_and_to_no_other(
    services: Services, mutation: str, role: Role
) -> None:
    engine = services.resources.engine
    before = await everything(engine)
    result = await schema.execute(
        f"mutation {{ {mutation} }}", context_value=Operation(services, Viewer("somebody", role))
    )
    causes = [type(error.original_error) for error in result.errors or ()]
    if role < MUTATIONS[mutation]:
        assert causes == [Forbidden]
        assert await everything(engine) == before
    else:
        assert Forbidden not in causes
