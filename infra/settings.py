"""What the environment says, checked at the start, every problem reported at once. Passwords are never printed."""

import os
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import sqlalchemy as sa
from pydantic import BeforeValidator, Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from taskflow.infra.errors import StartError
from taskflow.infra.telemetry import set_up_logging

MEMORY = "memory://"
PAYLOAD_MAX_BYTES = 262_144


class SettingsError(StartError):
    """The environment can't be used. Its text has a line for each variable that is wrong."""


def _comma_separated(value: Any) -> Any:
    return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value


def _queues(value: Any) -> Any:
    """Names, each with the slots that are its own: `default:8,mail:2`."""
    names = _comma_separated(value)
    if isinstance(names, dict):
        return names
    found: dict[str, int | None] = {}
    for one in names:
        name, colon, slots = one.rpartition(":")
        if colon and slots.isascii() and slots.isdigit():
            found[name] = int(slots)
        else:
            found[one] = None
    return found


def _seconds(value: Any) -> Any:
    try:
        return timedelta(seconds=float(value)) if isinstance(value, str) else value
    except (ValueError, OverflowError) as error:
        raise ValueError("takes a number of seconds, such as 30 or 0.5") from error


def _empty_is_unset(value: Any) -> Any:
    return MEMORY if value == "" else value


Names = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_comma_separated)]
QueueSlots = Annotated[int, Field(ge=1, le=10_000)] | None
Queues = Annotated[dict[str, QueueSlots], NoDecode, BeforeValidator(_queues)]
Duration = Annotated[timedelta, BeforeValidator(_seconds), Field(ge=timedelta())]
PositiveDuration = Annotated[timedelta, BeforeValidator(_seconds), Field(gt=timedelta())]
Url = Annotated[str, BeforeValidator(_empty_is_unset)]
Attempts = Annotated[int, Field(ge=1, le=1000)]


class Settings(BaseSettings):
    """Frozen. Each field is read from the variable of the same name, in capitals."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True, env_ignore_empty=True)

    api_port: Annotated[int, Field(ge=1, le=65535)] = 8000
    db_url: str = "sqlite+aiosqlite:///taskflow.db"
    redis_url: Url = MEMORY
    rabbitmq_url: Url = MEMORY
    db_connect_attempts: Attempts = 10
    db_connect_backoff: Duration = timedelta(seconds=2)
    rabbitmq_connect_attempts: Attempts = 10
    rabbitmq_connect_backoff: Duration = timedelta(seconds=2)
    rabbitmq_exchange: Annotated[str, Field(min_length=1, max_length=200)] = "task.topic"
    rabbitmq_queue: Annotated[str, Field(min_length=1, max_length=100)] = "task.created"
    rabbitmq_routing_key: Annotated[str, Field(min_length=1, max_length=100)] = "task.created"
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
    react_app_api_base: str = ""
    react_app_ws_url: str = ""
    log_format: Literal["json", "text"] | None = None
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    db_echo: bool = False

    @property
    def in_memory_broker(self) -> bool:
        return self.rabbitmq_url == MEMORY

    @property
    def in_memory_bus(self) -> bool:
        return self.redis_url == MEMORY

    @field_validator("db_url")
    @classmethod
    def _db_url(cls, value: str) -> str:
        try:
            url = sa.make_url(value)
        except sa.exc.ArgumentError as error:
            raise ValueError("takes a URL such as mysql+asyncmy://user:password@host/database") from error
        driver = {"mysql": "mysql+asyncmy", "mariadb": "mysql+asyncmy", "sqlite": "sqlite+aiosqlite"}
        if url.get_backend_name() not in driver:
            raise ValueError("takes a URL that begins with mysql+asyncmy:// or sqlite+aiosqlite://")
        if url.get_backend_name() != "sqlite" and not url.database:
            raise ValueError("names no database: mysql+asyncmy://user:password@host/database")
        return url.set(drivername=driver[url.get_backend_name()]).render_as_string(hide_password=False)

    @field_validator("rabbitmq_url")
    @classmethod
    def _rabbitmq_url(cls, value: str) -> str:
        if value != MEMORY and not value.startswith(("amqp://", "amqps://")):
            raise ValueError("takes a URL that begins with amqp:// or amqps://, or memory://")
        return value

    @field_validator("redis_url")
    @classmethod
    def _redis_url(cls, value: str) -> str:
        if value != MEMORY and not value.startswith(("redis://", "rediss://", "unix://")):
            raise ValueError("takes a URL that begins with redis:// or rediss://, or memory://")
        return value

    @field_validator("log_level", mode="before")
    @classmethod
    def _log_level(cls, value: Any) -> Any:
        return value.upper() if isinstance(value, str) else value


def load_settings(**overrides: Any) -> Settings:
    """From the environment, or a file that `<NAME>_FILE` points at. Raises SettingsError, with every problem."""
    try:
        return Settings(**_from_files() | overrides)
    except ValidationError as error:
        lines = [f"{_variable(problem)} {_what_it_takes(problem)}" for problem in error.errors()]
        raise SettingsError("\n".join(lines)) from None


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
        path = os.environ.get(f"{name.upper()}_FILE")
        if path:
            try:
                values[name] = Path(path).read_text().strip()
            except OSError as error:
                raise SettingsError(f"{name.upper()}_FILE can't be read: {error.strerror}") from error
    return values


def _variable(problem: Any) -> str:
    return str(problem["loc"][0]).upper() if problem["loc"] else "The environment"


TAKES: Final = {
    "int_parsing": "takes a whole number",
    "bool_parsing": "takes true or false",
    "greater_than": "takes more than {gt}",
    "greater_than_equal": "takes at least {ge}",
    "less_than_equal": "takes at most {le}",
    "string_too_short": "takes at least {min_length} character",
    "string_too_long": "takes at most {max_length} characters",
    "literal_error": "takes {expected}",
}


def _what_it_takes(problem: Any) -> str:
    """Never the value: it may be a secret."""
    known = TAKES.get(problem["type"])
    if known is None:
        return str(problem["msg"]).removeprefix("Value error, ")
    limits = problem.get("ctx", {})
    return known.format(**{k: v.total_seconds() if isinstance(v, timedelta) else v for k, v in limits.items()})
