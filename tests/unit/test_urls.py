"""What a URL may say: places that can be reached, options that the drivers know. No error shows a password."""

from __future__ import annotations

import ssl

import pytest
import sqlalchemy as sa

from taskflow.infra.settings import MEMORY, SettingsError, load_settings
from taskflow.infra.urls import Sentinels, tls_context

SECRET = "s3cr3t-w0rd"
MYSQL = f"mysql://app:{SECRET}@127.0.0.1/taskflow"


def refusal(variable: str, value: str) -> str:
    """The one line."""
    with pytest.raises(SettingsError) as refused:
        load_settings(**{variable.lower(): value})
    line = str(refused.value)
    assert line.startswith(f"{variable} ")
    assert "\n" not in line
    assert SECRET not in line
    return line


@pytest.mark.parametrize(
    ("variable", "value", "says"),
    [
        ("DB_URL", f"{MYSQL}?sslmode=require", "no option 'sslmode'"),
        ("DB_URL", f"{MYSQL}?ssl=true&tls=true", "no option 'tls'"),
        ("DB_URL", f"{MYSQL}?ssl=perhaps", "'ssl' that takes true or false"),
        ("DB_URL", f"{MYSQL}?ssl_ca=/no/such/file", "'ssl_ca' that names no file"),
        ("DB_URL", f"{MYSQL}?ssl_ca={__file__}", "names no certificate"),
        ("DB_URL", f"{MYSQL}?charset=latin1", "'charset' that takes utf8mb4"),
        ("DB_URL", f"{MYSQL}?connect_timeout=soon", "'connect_timeout' that takes a whole number"),
        ("DB_URL", f"{MYSQL}?ssl=true&ssl=false", "'ssl' twice"),
        ("DB_URL", f"mysql://app:{SECRET}@127.0.0.1:{SECRET}/taskflow", "takes a URL"),
        ("DB_URL", "sqlite:///x.db?foo=1", "no option 'foo'"),
        ("DB_URL", "sqlite:///x.db?mode=ro", "no option 'mode'"),
        ("DB_URL", "sqlite:///x.db?timeout=soon", "'timeout' that takes a number"),
        ("RABBITMQ_URL", f"amqp://app:{SECRET}@127.0.0.1/?ssl=true", "no option 'ssl'"),
        ("RABBITMQ_URL", f"amqp://app:{SECRET}@127.0.0.1/?heartbeat=often", "'heartbeat' that takes a whole number"),
        ("RABBITMQ_URL", f"amqp://app:{SECRET}@127.0.0.1/?cafile={__file__}", "no option 'cafile'"),
        ("RABBITMQ_URL", f"amqps://app:{SECRET}@127.0.0.1/?cafile=/no/such/file", "'cafile' that names no file"),
        ("RABBITMQ_URL", f"amqp://app:{SECRET}@127.0.0.1:port/", "takes an address"),
        ("RABBITMQ_URL", f"amqp://app:pass#{SECRET}@127.0.0.1/", "takes an address"),
        ("RABBITMQ_URL", "amqp:///vhost", "takes an address"),
        ("RABBITMQ_URL", f"amqp://app:{SECRET}@one:5672,two:port/", "amqp://user:password@host1,host2/vhost"),
        ("RABBITMQ_URL", f"amqp://app:{SECRET}@one,/", "takes an address"),
        ("RABBITMQ_URL", f"amqp://app:{SECRET}@one//;amqp://app:{SECRET}@two//", "takes one URL: of several hosts"),
        ("RABBITMQ_URL", f"amqp://app:{SECRET}@one,amqp://app:{SECRET}@two", "takes one URL: of several hosts"),
        ("RABBITMQ_URL", f"amqp://app:{SECRET}@one,two/?ssl=true", "no option 'ssl'"),
        ("REDIS_URL", f"redis://:{SECRET}@127.0.0.1/0?ssl=true", "no option 'ssl'"),
        ("REDIS_URL", f"redis://:{SECRET}@127.0.0.1/0?decode_responses=true", "no option 'decode_responses'"),
        ("REDIS_URL", f"redis://:{SECRET}@127.0.0.1/0?socket_timeout=soon", "'socket_timeout' that takes a number"),
        ("REDIS_URL", f"redis://:{SECRET}@127.0.0.1/0?ssl_ca_certs=/x", "no option 'ssl_ca_certs'"),
        ("REDIS_URL", f"rediss://:{SECRET}@127.0.0.1/0?ssl_cert_reqs=maybe", "'ssl_cert_reqs' that takes none"),
        ("REDIS_URL", f"redis://:12?{SECRET}@127.0.0.1/0", "percent-encoded"),
        ("REDIS_URL", f"redis+sentinel://:{SECRET}@a:26379,b", "names no master"),
        ("REDIS_URL", f"redis+sentinel://:{SECRET}@a/", "names no master"),
        ("REDIS_URL", f"redis+sentinel://:{SECRET}@a/tasks/first", "database that is no number"),
        ("REDIS_URL", f"redis+sentinel://:{SECRET}@a,b:port/tasks", "redis+sentinel://user:password@host1:26379,host2"),
        ("REDIS_URL", f"redis+sentinel://:{SECRET}@a,,b/tasks", "takes an address"),
        ("REDIS_URL", f"redis+sentinel://:{SECRET}@a/tasks;redis+sentinel://b/tasks", "takes one URL"),
        ("REDIS_URL", f"redis+sentinel://a/tasks?password_of_sentinel={SECRET}", "it takes db, username"),
        ("REDIS_URL", f"redis+sentinel://:{SECRET}@a/tasks?ssl_ca_certs=/x", "no option 'ssl_ca_certs'"),
        ("REDIS_URL", f"sentinel://:{SECRET}@a/tasks", "or redis+sentinel:// or rediss+sentinel://, or memory://"),
        ("REDIS_URL", f"redis://:{SECRET}@a?sentinel_password={SECRET}", "no option 'sentinel_password'"),
    ],
)
def test_an_option_that_the_driver_does_not_know_is_named_without_the_password(
    variable: str, value: str, says: str
) -> None:
    assert says in refusal(variable, value)


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("DB_URL", "mysql+asyncmy://app:a%3Fb%40@host/db?charset=utf8mb4&connect_timeout=3&ssl=true"),
        ("DB_URL", "sqlite+aiosqlite:///x.db?mode=rwc&uri=true"),
        ("RABBITMQ_URL", "amqp://app:a%3Fb@host:5672/%2F?heartbeat=60&timeout=5&name=shop"),
        ("RABBITMQ_URL", "amqps://host/shop?no_verify_ssl=1"),
        ("RABBITMQ_URL", "amqp://app:a%2Cb@one:5672,two,[::1]:5673/%2F?heartbeat=60"),
        ("REDIS_URL", "redis://app:a%3Fb@host:6379/1?client_name=shop&socket_timeout=1.5&socket_keepalive=yes"),
        ("REDIS_URL", "rediss://host?ssl_cert_reqs=none"),
        ("REDIS_URL", "unix:///run/redis.sock?db=2"),
        ("REDIS_URL", "redis+sentinel://app:a%3Fb@host1,[::1]:26380/tasks?sentinel_username=a&sentinel_password=b%26c"),
        ("REDIS_URL", "rediss+sentinel://host/tasks/1?ssl_cert_reqs=none"),
        ("REDIS_URL", MEMORY),
    ],
)
def test_an_option_that_it_knows_is_kept(variable: str, value: str) -> None:
    assert getattr(load_settings(**{variable.lower(): value}), variable.lower()) == value


def test_a_url_of_sentinels_has_their_login_beside_the_masters() -> None:
    url = "rediss+sentinel://app:a%3Fb@one,[::1]:26380/my%20tasks/3?client_name=x&sentinel_password=b%26c"
    assert Sentinels.of(url) == Sentinels(
        places=[("one", 26379), ("::1", 26380)],
        login={"password": "b&c"},
        service="my tasks",
        redis="rediss://app:a%3Fb@one/3?client_name=x",
        has_tls=True,
    )
    assert Sentinels.of("redis://one,two/0") is None


def test_ssl_true_is_tls_with_the_systems_certificates() -> None:
    context = tls_context(sa.make_url(f"{MYSQL}?ssl=true"))
    assert context
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
    assert tls_context(sa.make_url(MYSQL)) is None
    assert tls_context(sa.make_url(f"{MYSQL}?ssl=false")) is None
    unnamed = tls_context(sa.make_url(f"{MYSQL}?ssl_check_hostname=false"))
    assert unnamed
    assert not unnamed.check_hostname


@pytest.mark.parametrize(
    "value",
    [
        "jaeger.example/{trace_id}",
        "javascript:alert('{trace_id}')",
        "https://jaeger.example/trace/",
        "https://jaeger.example/{trace_id}/{trace_id}",
        "https://jaeger.example/{trace_id}/{span_id}",
        "https://jaeger.example/{trace_id",
        "https:///trace/{trace_id}",
        "https://jaeger.example/a trace/{trace_id}",
        "https://jaeger.example:port/{trace_id}",
    ],
)
def test_a_trace_url_that_leads_nowhere_is_refused(value: str) -> None:
    assert "takes a URL such as https://jaeger.example/trace/{trace_id}" in refusal("TRACE_URL", value)


def test_a_trace_url_may_have_a_query() -> None:
    url = "https://grafana.example/explore?trace={trace_id}#top"
    assert load_settings(trace_url=f" {url}\r\n").trace_url == url
