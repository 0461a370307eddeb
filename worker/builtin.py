"""The built-in kinds, which every worker runs."""

import json
from typing import Any

from taskflow.worker.context import Context
from taskflow.worker.task import Permanent, task


@task("message")
async def message(payload: Any, ctx: Context) -> None:
    """DONE, with the payload's own `message`; FAILED at once where there is none."""
    text = payload.get("message") if isinstance(payload, dict) else None
    if text is None:
        raise Permanent("Payload missing required 'message' field")
    ctx.note(text if isinstance(text, str) else json.dumps(text, ensure_ascii=False))
