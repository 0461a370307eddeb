"""Over TLS, each by the options of its URL: the authority that it trusts, and the certificate that it shows."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from taskflow.infra.broker.rabbitmq import open_rabbitmq
from taskflow.infra.bus.redis import open_redis
from taskflow.infra.database import open_database
from taskflow.infra.errors import StartError
from taskflow.infra.settings import load_settings
from tests import services
from tests.contracts.certificates import Certificates, make_certificates
from tests.contracts.operator import cleaned, new_topology
from tests.contracts.proxy import open_proxy
from tests.services.machine import Machine, MissingError
from tests.services.recipes import new_server

pytestmark = [pytest.mark.services, pytest.mark.timeout(60)]
LATER = timedelta(minutes=1)
"""A second try would come so late that the test had failed."""
USER = """
    CREATE DATABASE test;
    CREATE USER app IDENTIFIED BY 'secret' REQUIRE X509;
    GRANT ALL ON test.* TO app
"""
FindService = Callable[[services.Service], str]


@dataclass(frozen=True)
class Place:
    """A service that speaks TLS alone, and asks for a certificate."""

    setting: str
    url: str
    options: tuple[str, str, str]
    """What it calls the authority, the certificate and its key."""
    use: Callable[[str], Awaitable[None]]

    async def start(self, *files: Path) -> None:
        options = "&".join(f"{name}={file}" for name, file in zip(self.options, files, strict=False))
        url = getattr(load_settings(**{self.setting: f"{self.url}?{options}"}), self.setting)
        async with asyncio.timeout(20):
            await self.use(url)


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl is not installed here, so there is no certificate to try TLS with")
    return make_certificates(openssl, tmp_path_factory.mktemp("certificates"))


@asynccontextmanager
async def redis(service_url: FindService, certificates: Certificates) -> AsyncIterator[Place]:
    async def use(url: str) -> None:
        async with open_redis(url, attempts=10, backoff=LATER) as bus, bus.subscribe("test.tls") as subscription:
            bus.publish("test.tls", [b"secret"])
            assert await anext(subscription) == b"secret"

    async with open_proxy(service_url("redis"), certificates.of_server) as proxy:
        yield Place("redis_url", proxy.url, ("ssl_ca_certs", "ssl_certfile", "ssl_keyfile"), use)


@asynccontextmanager
async def rabbitmq(service_url: FindService, certificates: Certificates) -> AsyncIterator[Place]:
    topology = new_topology()

    async def use(url: str) -> None:
        async with open_rabbitmq(url, topology=topology, attempts=10, backoff=LATER) as broker:
            assert await broker.depth("default") == 0

    url = service_url("rabbitmq")
    async with cleaned(url, topology), open_proxy(url, certificates.of_server) as proxy:
        yield Place("rabbitmq_url", proxy.url, ("cafile", "certfile", "keyfile"), use)


@pytest.fixture(scope="module")
def database_url(certificates: Certificates) -> Iterator[str]:
    """Of a user who has to show a certificate. MariaDB: an empty one is made in half the time of MySQL's."""
    names = {"ca": certificates.authority, "cert": certificates.certificate, "key": certificates.key}
    options = [f"--ssl-{name}={file}" for name, file in names.items()]
    try:
        server = new_server("mariadb", Machine(), owner=os.getpid(), options=options)
    except MissingError as error:
        pytest.skip(f"there is no MariaDB to try TLS with: {error}")
    with server:
        server.start()
        login = ["--no-defaults", "--host=127.0.0.1", f"--port={sa.make_url(server.url).port}", "--user=root"]
        server.operate("mariadb", *login, "--execute", USER)
        yield server.url.replace("root@", "app:secret@") + "test"


async def use_database(url: str) -> None:
    async with open_database(url, attempts=10, backoff=LATER) as engine, engine.connect() as connection:
        row = (await connection.execute(sa.text("SHOW STATUS LIKE 'Ssl_cipher'"))).one()
        assert row.Value


@pytest.fixture(params=["redis", "rabbitmq", "mariadb"])
async def place(request: pytest.FixtureRequest, certificates: Certificates) -> AsyncIterator[Place]:
    if request.param == "mariadb":
        url = request.getfixturevalue("database_url")
        yield Place("db_url", url, ("ssl_ca", "ssl_cert", "ssl_key"), use_database)
        return
    opened = {"redis": redis, "rabbitmq": rabbitmq}[request.param]
    async with opened(request.getfixturevalue("service_url"), certificates) as place:
        yield place


async def test_a_service_is_used_over_tls_with_a_certificate_of_ones_own(
    place: Place, certificates: Certificates
) -> None:
    await place.start(certificates.authority, certificates.certificate, certificates.key)


async def test_a_service_that_another_authority_vouches_for_stops_the_start_at_once(
    place: Place, certificates: Certificates
) -> None:
    with pytest.raises(StartError, match=r"refuses us: .*CERTIFICATE_VERIFY_FAILED") as caught:
        await place.start(certificates.stranger)
    assert "\n" not in str(caught.value)
