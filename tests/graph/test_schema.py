"""The schema: printed as committed, at least the contract, and explained to the last value."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    build_schema,
    is_introspection_type,
    is_required_argument,
    is_required_input_field,
    is_specified_scalar_type,
    print_ast,
)

from taskflow.graph.schema import build
from taskflow.graph.schema.build import schema

DOCUMENTS = [Path(__file__).with_name(f"{name}.graphql").read_text() for name in ("contract", "operate")]
CONTRACT = build_schema("".join(DOCUMENTS).replace("extend type Queue", "type Queue"))  # the dashboard's own, before
SERVED = build_schema(schema.as_str())
OF_FIELDS = (GraphQLObjectType, GraphQLInterfaceType, GraphQLInputObjectType)


def types_of(one: GraphQLSchema) -> list[GraphQLNamedType]:
    return [
        type_
        for type_ in one.type_map.values()
        if not is_introspection_type(type_) and not is_specified_scalar_type(type_)
    ]


def members(type_: GraphQLNamedType) -> dict[str, Any]:
    """Fields, input fields or values, by name."""
    if isinstance(type_, GraphQLEnumType):
        return dict(type_.values)
    return dict(type_.fields) if isinstance(type_, OF_FIELDS) else {}


def arguments(type_: GraphQLNamedType) -> dict[str, GraphQLArgument]:
    fields = members(type_).items() if isinstance(type_, GraphQLObjectType) else ()
    return {f"{field}({name})": argument for field, at in fields for name, argument in at.args.items()}


def default(value: GraphQLArgument | GraphQLInputField) -> str | None:
    literal = value.ast_node.default_value if value.ast_node else None
    return print_ast(literal) if literal else None


def test_committed_print_is_what_is_served() -> None:
    committed = Path(build.__file__).with_name("schema.graphql").read_text()
    assert committed == schema.as_str() + "\n", "run `make schema`"


@pytest.mark.parametrize("type_", types_of(CONTRACT), ids=str)
def test_type_has_all_that_the_contract_says(type_: GraphQLNamedType) -> None:
    served = SERVED.type_map[type_.name]
    assert served.__class__ is type_.__class__
    assert members(served).keys() >= members(type_).keys()
    assert arguments(served).keys() >= arguments(type_).keys()
    if not isinstance(type_, GraphQLEnumType):
        for name, field in members(type_).items():
            assert str(members(served)[name].type) == str(field.type), name
    for name, argument in arguments(type_).items():
        assert str(arguments(served)[name].type) == str(argument.type), name
        assert default(arguments(served)[name]) == default(argument), name
    if isinstance(type_, GraphQLInputObjectType):
        for name, field in type_.fields.items():
            assert default(members(served)[name]) == default(field), name


def test_nothing_beyond_the_contract_has_to_be_given() -> None:
    for type_ in types_of(CONTRACT):
        served = SERVED.type_map[type_.name]
        for name in arguments(served).keys() - arguments(type_).keys():
            assert not is_required_argument(arguments(served)[name]), name
        if isinstance(served, GraphQLInputObjectType):
            for name in members(served).keys() - members(type_).keys():
                assert not is_required_input_field(members(served)[name]), name


def explained() -> Iterator[Any]:
    for type_ in types_of(SERVED):
        yield pytest.param(type_, id=type_.name)
        for name, one in [*members(type_).items(), *arguments(type_).items()]:
            yield pytest.param(one, id=f"{type_.name}.{name}")


@pytest.mark.parametrize("one", [*explained()])
def test_everything_says_what_it_is(one: Any) -> None:
    assert one.description
    assert one.description[-1] in ".)"
