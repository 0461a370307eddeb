"""What may be shown of a message that nobody could run. Its kind is not in it: what any kind holds secret is hidden."""

from collections.abc import Collection
from typing import Any, Final

from taskflow.db.secrets import MASK, Path, masked
from taskflow.infra.broker import task_named
from taskflow.infra.wire import NotJson, decode_json, encode_json

DOCUMENTED: Final = {"task_id", "payload", "requested_at"}


def shown_body(body: bytes, secrets: Collection[Path], *, as_it_came: bool) -> str:
    """With replacement characters where it is not UTF-8.

    Without `as_it_came`, of a body that is the documented one what was read is shown, since a field that stands in it
    twice is read once; in any other nobody can tell what is secret, so all of it is.
    """
    message = _read(body)
    hidden = masked(message, {("payload", *path) for path in secrets})
    if not body or (as_it_came and hidden == message):
        return body.decode(errors="replace")
    return encode_json(hidden).decode() if as_it_came or _is_documented(body, message) else MASK


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
