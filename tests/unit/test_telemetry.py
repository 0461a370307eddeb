"""The log in both formats: never a local variable of ours, which may be a payload or a password."""

import logging
from collections.abc import Iterator
from typing import Literal

import pytest
import structlog

from taskflow.infra.telemetry import set_up_logging

SECRET = "s3cr3t-w0rd"


@pytest.fixture(autouse=True)
def as_it_was() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = [*root.handlers], root.level
    yield
    structlog.reset_defaults()
    root.handlers, root.level = handlers, level


def fail(logger: structlog.typing.FilteringBoundLogger | logging.Logger) -> None:
    payload = {"password": SECRET}
    try:
        _ = payload["user"]
    except KeyError:
        logger.exception("it failed")


@pytest.mark.parametrize("format_", ["json", "text"])
def test_a_traceback_has_no_local_variable(
    capfdbinary: pytest.CaptureFixture[bytes], format_: Literal["json", "text"]
) -> None:
    set_up_logging(level="INFO", format_=format_)
    fail(structlog.get_logger("ours"))
    fail(logging.getLogger("theirs"))
    said = capfdbinary.readouterr().err.decode()
    assert said.count("KeyError: 'user'") == 2
    assert SECRET not in said
