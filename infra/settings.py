"""What the environment says, checked at the start, every problem reported at once. Passwords are never printed."""

import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BeforeValidator, Field, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from taskflow.db.lifecycle import TaskStatus
from taskflow.infra.errors import StartError
from taskflow.infra.input import NAME, NAME_TAKES
from taskflow.infra.retention import parse_retention
from taskflow.infra.telemetry import set_up_logging
from taskflow.infra.tokens import Token, parse_tokens
from taskflow.infra.tracing.variables import problems
from taskflow.infra.urls import check_database, check_rabbitmq, check_redis, check_trace_url

MEMORY = "memory://"
PAYLOAD_MAX_BYTES = 262_144


class SettingsError(StartError):
    """The environment can't be used. Its text has a line for each variable that is wrong."""


def _comma_separated(value: Any) -> Any:
    """Raises ValueError for a name that is empty, or that comes twice."""
    if not isinstance(value, str):
        return value
    names = tuple(part.strip() for part in value.split(","))
    if "" in names:
        raise ValueError("has an empty name: it takes names, separated by commas")
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise ValueError(f"names {twice} twice")
    return names


def _queues(value: Any) -> Any:
    """Names, each with the slots that are its own: `default:8,mail:2`."""
    names = _comma_separated(value)
    if isinstance(names, dict):
        return names
    found: dict[str, int | None] = {}
    for one in names:
        name, colon, slots = one.rpartition(":")
        has_slots = bool(colon) and slots.isascii() and slots.isdigit()
        name = name if has_slots else one
        if name in found:
            raise ValueError(f"names {name} twice")
        found[name] = int(slots) if has_slots else None
    return found


def _seconds(value: Any) -> Any:
    try:
        return timedelta(seconds=float(value)) if isinstance(value, str) else value
    except (ValueError, OverflowError) as error:
        raise ValueError("takes a number of seconds, such as 30 or 0.5") from error


def _tokens(value: Any) -> Any:
    return parse_tokens(value) if isinstance(value, str) else value


def _url(check: Callable[[str], str]) -> Any:
    return AfterValidator(lambda url: url if url == MEMORY else check(url))


def _broker_name(longest: int) -> Any:
    """AMQP's names have 255 bytes, ours a queue's name after theirs."""

    def check(name: str) -> str:
        if len(name.encode()) > longest:
            raise ValueError(f"takes at most {longest} bytes")
        return name

    return AfterValidator(check)


Names = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_comma_separated)]
QueueSlots = Annotated[int, Field(ge=1, le=10_000)] | None
Queues = Annotated[dict[str, QueueSlots], NoDecode, BeforeValidator(_queues)]
Retention = Annotated[dict[TaskStatus, timedelta], NoDecode, BeforeValidator(parse_retention)]
Duration = Annotated[timedelta, BeforeValidator(_seconds), Field(ge=timedelta())]
PositiveDuration = Annotated[timedelta, BeforeValidator(_seconds), Field(gt=timedelta())]
Attempts = Annotated[int, Field(ge=1, le=1000)]
Tokens = Annotated[tuple[Token, ...], NoDecode, BeforeValidator(_tokens)]


class Settings(BaseSettings):
    """Frozen. Each field is read from the variable of the same name, in capitals."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    api_port: Annotated[int, Field(ge=1, le=65535)] = 8000
    api_tokens: Tokens = ()
    api_tokens_file: Path | None = None
    api_insecure: bool = False
    api_rate_limit: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    """Mutations a second of each token or address."""
    db_url: Annotated[str, _url(check_database)] = "sqlite+aiosqlite:///taskflow.db"
    redis_url: Annotated[str, _url(check_redis)] = MEMORY
    rabbitmq_url: Annotated[str, _url(check_rabbitmq)] = MEMORY
    db_connect_attempts: Attempts = 10
    db_connect_backoff: Duration = timedelta(seconds=2)
    rabbitmq_connect_attempts: Attempts = 10
    rabbitmq_connect_backoff: Duration = timedelta(seconds=2)
    rabbitmq_exchange: Annotated[str, _broker_name(200)] = "task.topic"
    rabbitmq_queue: Annotated[str, _broker_name(100)] = "task.created"
    rabbitmq_routing_key: Annotated[str, _broker_name(100)] = "task.created"
    rabbitmq_queue_type: Literal["", "classic", "quorum"] = ""
    cors_allow_origins: Names = ()
    worker_handlers: Names = ()
    worker_queues: Queues = Field(default_factory=lambda: _queues("default"))
    """Each with its own slots; those with None share `worker_prefetch`."""
    worker_prefetch: Annotated[int, Field(ge=1, le=10_000)] = 8
    worker_lease: PositiveDuration = timedelta(seconds=30)
    worker_shutdown_timeout: Duration = timedelta(seconds=30)
    worker_heartbeat_file: Path | None = None
    worker_republish_after: PositiveDuration = timedelta(seconds=60)
    payload_max_bytes: Annotated[int, Field(ge=2, le=16 * 1024 * 1024)] = PAYLOAD_MAX_BYTES
    trace_url: Annotated[str, AfterValidator(check_trace_url)] | None = None
    task_retention: Retention = Field(default_factory=dict)
    """How long ended tasks are kept, by status; those of a status that is not in it, for ever."""
    react_app_api_base: str = ""
    react_app_ws_url: str = ""
    log_format: Literal["json", "text"] | None = None
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    db_echo: bool = False

    @property
    def may_be_reached(self) -> bool:
        """Whether the API answers to other machines: to who has a token, or to everybody as the operator wants it."""
        return bool(self.api_tokens or self.api_tokens_file) or self.api_insecure

    @property
    def in_memory_broker(self) -> bool:
        return self.rabbitmq_url == MEMORY

    @property
    def in_memory_bus(self) -> bool:
        return self.redis_url == MEMORY

    @model_validator(mode="before")
    @classmethod
    def _trimmed(cls, values: dict[str, Any]) -> dict[str, Any]:
        """Whatever line ends or spaces a file has brought along; what is empty then is not set."""
        trimmed = {name: value.strip() if isinstance(value, str) else value for name, value in values.items()}
        return {name: value for name, value in trimmed.items() if value != ""}

    @field_validator("worker_queues")
    @classmethod
    def _names_of_queues(cls, queues: dict[str, int | None]) -> dict[str, int | None]:
        if wrong := next((name for name in queues if not NAME.fullmatch(name)), None):
            raise ValueError(f"names a queue {wrong[:120]!r}: a name {NAME_TAKES}")
        return queues

    @field_validator("log_level", mode="before")
    @classmethod
    def _log_level(cls, value: Any) -> Any:
        return value.upper() if isinstance(value, str) else value


def load_settings(**overrides: Any) -> Settings:
    """From the environment, or a file that `<NAME>_FILE` points at. Raises SettingsError, with every problem."""
    lines = problems(os.environ)
    try:
        settings = Settings(**_from_files() | overrides)
    except ValidationError as error:
        lines = [f"{_variable(problem)} {_what_it_takes(problem)}" for problem in error.errors()] + lines
    if lines:
        raise SettingsError("\n".join(lines))
    return settings


def prepare(**overrides: Any) -> Settings:
    """Settings for a process of its own, and its logging set up by them. Raises SettingsError."""
    settings = load_settings(**overrides)
    set_up_logging(level=settings.log_level, format_=settings.log_format)
    return settings


SECRETS = ("db_url", "redis_url", "rabbitmq_url")


def _from_files() -> dict[str, str]:
    """URLs hold passwords, so each may be in a file of its own, as container platforms mount secrets."""
    values = {}
    for name in SECRETS:
        path = os.environ.get(f"{name.upper()}_FILE", "").strip()
        if path:
            try:
                values[name] = Path(path).read_text("utf-8-sig")
            except (OSError, UnicodeDecodeError) as error:
                reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
                raise SettingsError(f"{name.upper()}_FILE can't be read: {reason}") from None
    return values


def _variable(problem: Any) -> str:
    return str(problem["loc"][0]).upper() if problem["loc"] else "The environment"


TAKES: Final = {
    "int_parsing": "takes a whole number",
    "bool_parsing": "takes true or false",
    "greater_than": "takes more than {gt}",
    "greater_than_equal": "takes at least {ge}",
    "less_than_equal": "takes at most {le}",
    "literal_error": "takes {expected}",
}


def _what_it_takes(problem: Any) -> str:
    """Never the value: it may be a secret."""
    known = TAKES.get(problem["type"])
    if known is None:
        return str(problem["msg"]).removeprefix("Value error, ")
    limits = problem.get("ctx", {})
    return known.format(**{k: v.total_seconds() if isinstance(v, timedelta) else v for k, v in limits.items()})
