"""A payload as a program has it, written as the JSON that a worker's own check takes back. Asks nobody for anything."""

from collections.abc import Mapping
from typing import Any, Final

import pydantic
from pydantic_core import PydanticSerializationError, to_jsonable_python

from taskflow.db.secrets import MASK
from taskflow.infra.errors import InvalidTask
from taskflow.infra.wire import encode_json

SECRETS: Final = (pydantic.SecretStr, pydantic.SecretBytes, pydantic.Secret)


def dump(adapter: pydantic.TypeAdapter[Any], payload: Any) -> Any:
    """JSON values for `payload`: a model, or JSON that validates as one. Secrets are written out, not masked.

    By alias, or by the fields' names where the model takes only those back. Raises InvalidTask with a line for each
    field that the worker would refuse.
    """
    try:
        return _taken_back(adapter, payload, by_alias=True)
    except pydantic.ValidationError as refused:
        try:
            return _taken_back(adapter, payload, by_alias=False)
        except pydantic.ValidationError:
            raise InvalidTask(_problems(refused)) from None


def _taken_back(adapter: pydantic.TypeAdapter[Any], payload: Any, *, by_alias: bool) -> Any:
    """Raises ValidationError when the worker would refuse it."""
    value = _written(adapter, payload, by_alias=by_alias)
    adapter.validate_json(encode_json(value))
    return value


def _written(adapter: pydantic.TypeAdapter[Any], payload: Any, *, by_alias: bool) -> Any:
    try:
        value = adapter.dump_python(payload, mode="json", by_alias=by_alias, round_trip=True, warnings="none")
    except (PydanticSerializationError, ValueError, RecursionError) as error:
        raise InvalidTask({"payload": f"can't be written as JSON: {error}"}) from None
    if not _is_masked(value):
        return value
    plain = adapter.dump_python(payload, mode="python", by_alias=by_alias, round_trip=True, warnings="none")
    return _revealed(value, plain)


def _is_masked(value: Any) -> bool:
    if isinstance(value, str):
        return value == MASK
    if isinstance(value, dict):
        return any(map(_is_masked, value.values()))
    return isinstance(value, list) and any(map(_is_masked, value))


def _revealed(value: Any, plain: Any) -> Any:
    """`value`, as JSON, with what is secret at the same place of `plain`, the same as Python values."""
    if isinstance(plain, SECRETS):
        return to_jsonable_python(plain.get_secret_value())
    if isinstance(value, dict) and isinstance(plain, Mapping) and len(value) == len(plain):
        return {key: _revealed(one, other) for (key, one), other in zip(value.items(), plain.values(), strict=True)}
    if isinstance(value, list) and isinstance(plain, list | tuple | set | frozenset) and len(value) == len(plain):
        return [_revealed(one, other) for one, other in zip(value, plain, strict=True)]
    return value


def _problems(error: pydantic.ValidationError) -> dict[str, str]:
    found = error.errors(include_url=False, include_context=False, include_input=False)
    return {".".join(["payload", *map(str, one["loc"])]): one["msg"] for one in found}
