"""Logs: one event a line, JSON in production and readable on a terminal. Never a payload, never a password."""

import logging
import sys
from typing import Any, Literal

import structlog

NOISY = ("uvicorn.error", "aiormq", "aio_pika", "asyncio", "aiosqlite", "alembic", "httpcore", "httpx")


def set_up_logging(*, level: str, format_: Literal["json", "text"] | None) -> None:
    """Everything that this process logs, ours and its libraries', goes to standard error in one format."""
    if format_ is None:
        format_ = "text" if sys.stderr.isatty() else "json"
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    if format_ == "json":
        final: list[Any] = [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    else:
        final = [structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *final],
        )
    )
    logging.basicConfig(handlers=[handler], level=level, force=True)
    for name in NOISY:
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.getLogger("asyncmy").setLevel(logging.ERROR)  # its warnings are the server's remarks on our migrations
