"""What a variable takes: trimmed whatever file it came from, names that can be used, ages with a unit."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from taskflow.db.lifecycle import ENDED, TaskStatus
from taskflow.infra.settings import Settings, SettingsError, load_settings

SECRET = "s3cr3t-w0rd"


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
        monkeypatch.delenv(f"{name.upper()}_FILE", raising=False)


def refusal(monkeypatch: pytest.MonkeyPatch, variable: str, value: str) -> str:
    """The one line."""
    monkeypatch.setenv(variable, value)
    with pytest.raises(SettingsError) as refused:
        load_settings()
    line = str(refused.value)
    assert line.startswith(f"{variable} ")
    assert "\n" not in line
    assert SECRET not in line
    return line


# --- trimmed


VALUES = {
    "api_port": ("9000", 9000),
    "db_url": ("sqlite:///x.db", "sqlite+aiosqlite:///x.db"),
    "redis_url": ("redis://host/0", "redis://host/0"),
    "rabbitmq_url": ("amqp://host/", "amqp://host/"),
    "db_connect_attempts": ("3", 3),
    "db_connect_backoff": ("0.5", timedelta(seconds=0.5)),
    "rabbitmq_exchange": ("x", "x"),
    "cors_allow_origins": ("https://a.example", ("https://a.example",)),
    "worker_handlers": ("a , b", ("a", "b")),
    "worker_queues": ("default:8,mail", {"default": 8, "mail": None}),
    "worker_lease": ("3", timedelta(seconds=3)),
    "payload_max_bytes": ("1000", 1000),
    "task_retention": ("DONE=1.5h", {TaskStatus.DONE: timedelta(hours=1.5)}),
    "log_format": ("json", "json"),
    "log_level": ("debug", "DEBUG"),
    "db_echo": ("true", True),
}


@pytest.mark.parametrize("ending", ["\r", "\r\n", " ", "\t"])
@pytest.mark.parametrize("name", VALUES)
def test_line_ends_and_spaces_around_a_value_do_not_count(
    monkeypatch: pytest.MonkeyPatch, name: str, ending: str
) -> None:
    value, expected = VALUES[name]
    monkeypatch.setenv(name.upper(), f" {value}{ending}")
    assert getattr(load_settings(), name) == expected


@pytest.mark.parametrize("empty", ["", " ", "\r"])
@pytest.mark.parametrize("name", Settings.model_fields)
def test_what_is_empty_is_the_default(monkeypatch: pytest.MonkeyPatch, name: str, empty: str) -> None:
    monkeypatch.setenv(name.upper(), empty)
    assert getattr(load_settings(), name) == Settings.model_fields[name].get_default(call_default_factory=True)


def test_a_file_may_have_windows_line_ends_and_a_byte_order_mark(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "url").write_bytes(b"\xef\xbb\xbfamqp://host/\r\n")
    monkeypatch.setenv("RABBITMQ_URL_FILE", f"{tmp_path}/url\r")
    assert load_settings().rabbitmq_url == "amqp://host/"


def test_a_file_that_is_no_text_is_told_in_one_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "url").write_bytes(b"\xff\xfe\x00")
    monkeypatch.setenv("DB_URL_FILE", f"{tmp_path}/url")
    with pytest.raises(SettingsError, match="DB_URL_FILE can't be read: it is not UTF-8"):
        load_settings()


# --- names


@pytest.mark.parametrize(
    ("variable", "value", "says"),
    [
        ("WORKER_QUEUES", ",", "an empty name"),
        ("WORKER_QUEUES", "default,,mail", "an empty name"),
        ("WORKER_QUEUES", "default, mail,default", "names default twice"),
        ("WORKER_QUEUES", "q" * 300, "takes 1 to 100 letters"),
        ("WORKER_QUEUES", "send mail", "names a queue 'send mail'"),
        ("WORKER_QUEUES", "größe", "names a queue 'größe'"),
        ("WORKER_HANDLERS", ",", "an empty name"),
        ("WORKER_HANDLERS", "shop.tasks,shop.tasks", "names shop.tasks twice"),
        ("CORS_ALLOW_ORIGINS", ",", "an empty name"),
        ("RABBITMQ_QUEUE", "q" * 101, "takes at most 100 bytes"),
        ("RABBITMQ_QUEUE", "ü" * 51, "takes at most 100 bytes"),
        ("RABBITMQ_ROUTING_KEY", "ü" * 51, "takes at most 100 bytes"),
        ("RABBITMQ_EXCHANGE", "ü" * 101, "takes at most 200 bytes"),
    ],
)
def test_a_name_that_nothing_can_have_is_refused(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, says: str
) -> None:
    assert says in refusal(monkeypatch, variable, value)


# --- retention


def test_one_age_is_that_of_every_status_that_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TASK_RETENTION", "30d")
    assert load_settings().task_retention == dict.fromkeys(sorted(ENDED), timedelta(days=30))


@pytest.mark.parametrize(
    ("given", "seconds"), [("90s", 90), ("1.5m", 90), ("2h", 7200), ("36500d", 36_500 * 86_400), ("0.001s", 0.001)]
)
def test_an_age_has_a_unit(monkeypatch: pytest.MonkeyPatch, given: str, seconds: float) -> None:
    monkeypatch.setenv("TASK_RETENTION", f"FAILED={given}, DONE = 1d")
    ages = {TaskStatus.FAILED: timedelta(seconds=seconds), TaskStatus.DONE: timedelta(days=1)}
    assert load_settings().task_retention == ages


NO_AGES = """
30 d 0d -1d 1w 1e3d 36501d 9999999999d ٣d nan 1d,2d =1d DONE DONE= PENDING=1d done=1d
DONE=1d, DONE=1d,FAILED DONE=1d;FAILED=2d DONE=1d,DONE=2d
"""


@pytest.mark.parametrize("given", NO_AGES.split())
def test_what_is_no_age_stops_the_start(monkeypatch: pytest.MonkeyPatch, given: str) -> None:
    line = refusal(monkeypatch, "TASK_RETENTION", given)
    assert "takes an age, such as 30d, or ages by status, such as DONE=7d,FAILED=90d" in line
