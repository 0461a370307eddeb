"""The server in the eyes of the reference implementations: graphql-http's audit and the graphql-ws client."""

import json
import subprocess
import sys
from asyncio import StreamReader, create_subprocess_exec
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from taskflow.graph.app import open_services
from taskflow.infra.resources import open_resources
from taskflow.infra.settings import Settings
from tests.graph.serve import app_of, make_app, serving
from tests.graph.toy import Events

HERE = Path(__file__).parent
BIN = Path(sys.executable).parent

pytestmark = pytest.mark.timeout(300)  # the first run fetches the packages


@pytest.fixture(scope="module", autouse=True)
def installed() -> None:
    """Both packages in node_modules, fetched when the lock is newer than what is there."""
    lock, mark = HERE / "package-lock.json", HERE / "node_modules" / ".package-lock.json"
    if not mark.exists() or mark.stat().st_mtime < lock.stat().st_mtime:
        subprocess.run([BIN / "npm", "ci", "--no-audit", "--no-fund"], cwd=HERE, check=True)


@pytest.fixture
async def graphql_url(tmp_path: Path) -> AsyncIterator[str]:
    settings = Settings(
        db_url=f"sqlite+aiosqlite:///{tmp_path}/taskflow.db", rabbitmq_url="memory://", redis_url="memory://"
    )
    async with (
        open_resources(settings) as resources,
        open_services(resources) as services,
        serving(app_of(services)) as address,
    ):
        yield f"http://{address}/graphql"


@asynccontextmanager
async def node(script: str, url: str) -> AsyncIterator[StreamReader]:
    """What the script prints. It ends with its input: killing what starts it would leave it running."""
    process = await create_subprocess_exec(BIN / "node", HERE / script, url, stdin=PIPE, stdout=PIPE)
    assert process.stdin
    assert process.stdout
    try:
        yield process.stdout
    finally:
        process.stdin.close()
        await process.wait()


async def test_audit_finds_nothing_in_61_checks(graphql_url: str) -> None:
    async with node("audit.mjs", graphql_url) as output:
        assert json.loads(await output.read()) == {"audits": 61, "found": []}


async def test_client_keeps_its_other_subscriptions_and_comes_back_after_a_drain() -> None:
    events = Events()
    app = make_app(events)

    async def seen() -> list[Any]:
        line: list[Any] = json.loads(await output.readline())
        return line

    async with serving(app) as address, node("client.mjs", f"ws://{address}/graphql") as output:
        assert await seen() == ["sibling", "next", {"forever": 0}]
        assert await seen() == ["broken", "error", ["BAD_USER_INPUT"]]
        assert await seen() == ["lagging", "next", {"failing": 0}]
        assert await seen() == ["lagging", "error", ["LAGGED"]]
        assert await seen() == ["late", "next", {"forever": 0}]
        assert events.closed.empty()  # the sibling lives
        await app.drain()
        app.draining = False
        assert await seen() == ["socket", "closed", 1012]
        assert sorted([await seen(), await seen()]) == [
            ["late", "next", {"forever": 0}],
            ["sibling", "next", {"forever": 0}],
        ]
