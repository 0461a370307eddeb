"""Which fields of a payload's type are secret: found in the schema that pydantic made of it. Looks at no payload.

A secret is a SecretStr, a SecretBytes, a Secret[…], or a class that is made from one of them, anywhere in models,
dataclasses, typed dictionaries, unions and collections. tests/unit/test_secret_fields.py notices when pydantic writes
its schemas in another way.
"""

from collections.abc import Iterator
from functools import cache
from typing import Any, Final, NamedTuple

import pydantic

from taskflow.db.secrets import EACH, Path

CLASSES: Final = (pydantic.SecretStr, pydantic.SecretBytes, pydantic.Secret)
NOT_WITHIN: Final = frozenset({"serialization", "metadata", "computed_fields", "config", "default", "cls", "function"})
"""Keys of a schema that say nothing of what a payload may have."""

Schema = Any
"""A core schema: a dictionary with a `type`, and others in it."""
Again = tuple[str, Path]
"""A type by its reference, and where it comes within itself."""


class Child(NamedTuple):
    """A schema within another: below it in the payload, or, with `as_text`, in what the whole of it is written as."""

    below: Path
    schema: Schema
    as_text: bool = False


def secret_paths(payload: pydantic.TypeAdapter[Any]) -> frozenset[Path]:
    """Under each name that a field may have. Of a type within itself that has a secret, the whole is one."""
    return frozenset(_Walk().walk(payload.core_schema, ())[0])


class _Walk:
    def __init__(self) -> None:
        self._definitions: dict[str, Schema] = {}
        self._open: list[str] = []

    def walk(self, schema: Schema, at: Path) -> tuple[set[Path], set[Again]]:
        """The secrets from here on, and where a type comes again within which this is."""
        if _is_secret(schema):
            return {at}, set()
        if schema["type"] == "definition-ref":
            return self._follow(schema["schema_ref"], at)
        if schema["type"] == "definitions":
            self._definitions |= {one["ref"]: one for one in schema["definitions"]}
            return self.walk(schema["schema"], at)
        found: set[Path] = set()
        again: set[Again] = set()
        for child in _children(schema):
            secrets, repeated = self.walk(child.schema, at + child.below)
            found |= {at} if child.as_text and secrets else secrets
            again |= repeated
        return found, again

    def _follow(self, ref: str, at: Path) -> tuple[set[Path], set[Again]]:
        if ref in self._open:
            return set(), {(ref, at)}
        self._open.append(ref)
        found, again = self.walk(self._definitions[ref], at)
        self._open.pop()
        here = {path for name, path in again if name == ref}
        return (found | here if found else found), {one for one in again if one[0] != ref}


def _is_secret(schema: Schema) -> bool:
    """By its class, or, as Secret[…] has none there, by how it is written."""
    if schema["type"] == "is-instance":
        return isinstance(schema["cls"], type) and issubclass(schema["cls"], CLASSES)
    return schema.get("serialization", {}).get("function") is _writer_of_secrets()


@cache
def _writer_of_secrets() -> object:
    schema: Schema = pydantic.TypeAdapter(pydantic.Secret[str]).core_schema
    return schema["serialization"]["function"]


def _children(schema: Schema) -> Iterator[Child]:
    match schema["type"]:
        case "model-fields" | "typed-dict":
            for name, field in schema["fields"].items():
                yield from _of_field(name, field)
            yield from _each(schema.get("extras_schema"))
        case "dataclass-args":
            for field in schema["fields"]:
                yield from _of_field(field["name"], field)
        case "named-tuple":  # from a list or from an object
            yield from _each([field["schema"] for field in schema["fields"]])
        case "list" | "set" | "frozenset" | "tuple" | "generator":
            yield from _each(schema.get("items_schema"))
        case "dict":
            yield from (Child((), keys, as_text=True) for keys in _in(schema.get("keys_schema")))
            yield from _each(schema.get("values_schema"))
        case "json":
            yield from (Child((), inner, as_text=True) for inner in _in(schema.get("schema")))
        case _:
            yield from (Child((), one) for key, value in schema.items() if key not in NOT_WITHIN for one in _in(value))


def _each(schemas: Any) -> Iterator[Child]:
    return (Child((EACH,), one) for one in _in(schemas))


def _of_field(name: str, field: Schema) -> Iterator[Child]:
    yield Child((name,), field["schema"])
    alias = field.get("validation_alias")
    if isinstance(alias, str):
        yield Child((alias,), field["schema"])
    elif alias:
        for path in alias if isinstance(alias[0], list) else [alias]:
            yield Child(tuple(EACH if isinstance(key, int) else key for key in path), field["schema"])


def _in(value: Any) -> Iterator[Schema]:
    """The schemas in a value of another: itself, or those in a list or in a choice by tag."""
    if isinstance(value, dict):
        yield from (
            [value] if isinstance(value.get("type"), str) else (one for part in value.values() for one in _in(part))
        )
    elif isinstance(value, list | tuple):
        yield from (one for part in value for one in _in(part))
