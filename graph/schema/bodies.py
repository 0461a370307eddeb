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
    if not (as_it_came or not body or _is_documented(body, message)):
        return MASK
    is_read = hidden != message or (body and not as_it_came)
    return encode_json(hidden).decode() if is_read else body.decode(errors="replace")


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
