"""A payload as a program has it, written as the JSON that a worker's own check takes back. Asks nobody for anything."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, get_args

import pydantic
from pydantic_core import ErrorDetails, PydanticSerializationError, to_jsonable_python
from pydantic_core.core_schema import ErrorType

from taskflow.db.secrets import MASK
from taskflow.infra.errors import InvalidTask
from taskflow.infra.wire import encode_json

OWN_PROBLEMS: Final = frozenset(get_args(ErrorType))
"""The types of problem that pydantic words itself, or, with an exception beside it, has an author word."""
LONG: Final = 4
"""Letters from which on a value is looked for within words too."""
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


def described(error: pydantic.ValidationError) -> list[tuple[str, str]]:
    """Each place, dotted, and what it takes. Never a value of the payload: it may be a secret."""
    found = error.errors(include_url=False)
    return [(".".join(map(str, one["loc"])), _without_values(one)) for one in found]


def _without_values(problem: ErrorDetails) -> str:
    """Of pydantic's own sentences what does not depend on the value; in an author's words the value is masked."""
    message, context = problem["msg"], problem.get("ctx", {})
    if tag := context.get("tag"):
        return message.replace(str(tag), MASK)
    reason = context.get("error")
    if isinstance(reason, str) and problem["type"] in OWN_PROBLEMS:
        return message.removesuffix(reason).rstrip(" :,")
    if isinstance(reason, Exception) or problem["type"] not in OWN_PROBLEMS:
        for value in sorted(set(_texts(problem["input"])), key=len, reverse=True):
            whole = re.escape(value) if len(value) >= LONG else rf"(?<!\w){re.escape(value)}(?!\w)"
            message = re.sub(whole, MASK, message)
    return message


def _texts(value: Any) -> Iterator[str]:
    """Whatever is in it, as somebody would write it."""
    if isinstance(value, dict):
        for one in value.values():
            yield from _texts(one)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _texts(one)
    elif value is not None and not isinstance(value, bool) and str(value):
        yield str(value)


def _problems(error: pydantic.ValidationError) -> dict[str, str]:
    return {".".join(filter(None, ["payload", place])): takes for place, takes in described(error)}
