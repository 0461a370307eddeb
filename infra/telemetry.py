"""Logs: one event a line, JSON in production and readable on a terminal. Never a payload, never a password."""

import json
import logging
import sys
from contextlib import suppress
from typing import Any, Literal

import orjson
import structlog

NOISY = ("uvicorn.error", "asyncio", "aiosqlite", "alembic", "httpcore", "httpx")
"""Said only when something is wrong."""
QUIET = ("aiormq", "aio_pika", "asyncmy")
"""Not at all: what they tell of a lost connection, with tracebacks, their adapters tell once, in a line."""


def set_up_logging(*, level: str, format_: Literal["json", "text"] | None) -> None:
    """Everything that this process logs, ours and its libraries', goes to standard error in one format.

    Ours is rendered straight to bytes: with two lines a task, the way through the standard library would cost as much
    as storing the task.
    """
    if format_ is None:
        format_ = "text" if sys.stderr.isatty() else "json"
    stamps: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    if format_ == "json":
        final: list[Any] = [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(_encode)]
        out: Any = structlog.BytesLogger(sys.stderr.buffer)
    else:
        plain = structlog.dev.plain_traceback  # the default shows local variables: payloads, passwords
        final = [structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=plain)]
        out = structlog.WriteLogger(sys.stderr)
    structlog.configure(
        processors=[*stamps, *final],
        logger_factory=lambda name="taskflow": _Named(name, out),
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level]),
        cache_logger_on_first_use=True,
    )
    _set_up_libraries(level, stamps, final)


class _Named:
    """What a bound logger writes to: one output for all, under the name that it was asked for by."""

    def __init__(self, name: str, out: Any) -> None:
        self.name = name
        self._out = out
        self.debug = self.info = self.warning = self.error = self.critical = self.exception = self._write

    def _write(self, line: Any) -> None:
        """Where nobody reads the log any more, there is nobody to tell; work goes on."""
        with suppress(OSError, ValueError):  # a closed pipe, a full disk, a closed file
            self._out.msg(line)


def _set_up_libraries(level: str, stamps: list[Any], final: list[Any]) -> None:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*stamps, structlog.stdlib.ExtraAdder()],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *final, _as_text],
        )
    )
    logging.basicConfig(handlers=[handler], level=level, force=True)
    for name in NOISY:
        logging.getLogger(name).setLevel(logging.WARNING)
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.CRITICAL)


def _encode(event: Any, default: Any) -> bytes:
    """Any event at all: what orjson refuses, a lone surrogate or a huge integer, is written the slow way."""
    try:
        return orjson.dumps(event, default=default, option=orjson.OPT_NON_STR_KEYS)
    except TypeError:
        return json.dumps(event, default=default, skipkeys=True).encode()


def _as_text(logger: Any, name: str, line: Any) -> str:
    return line.decode() if isinstance(line, bytes) else str(line)
