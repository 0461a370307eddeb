"""What may be shown of a message that nobody could run. Its kind is not in it: what any kind holds secret is hidden."""

from collections.abc import Collection
from typing import Any, Final

from taskflow.db.secrets import MASK, Path, masked
from taskflow.infra.broker import task_named
from taskflow.infra.wire import NotJson, decode_json, encode_json

DOCUMENTED: Final = {"task_id", "payload", "requested_at"}


def shown_body(body: bytes, secrets: Collection[Path], *, as_it_came: bool) -> str:
    """With replacement characters where it is not UTF-8.

    In a body that is not the documented one nobody can tell what is secret: without `as_it_came` all of it is.
    """
    message = _read(body)
    hidden = masked(message, {("payload", *path) for path in secrets})
    text = encode_json(hidden).decode() if hidden != message else body.decode(errors="replace")
    return text if as_it_came or not body or _is_documented(body, message) else MASK


def _read(body: bytes) -> Any:
    try:
        return decode_json(body)
    except NotJson:
        return None


def _is_documented(body: bytes, message: Any) -> bool:
    return (
        isinstance(message, dict)
        and message.keys() <= DOCUMENTED
        and task_named(body) is not None
        and isinstance(message.get("payload"), dict | None)
    )
