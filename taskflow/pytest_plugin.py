"""The fixture `taskflow_app`: a whole TaskFlow for the tests of a project. Imports nothing of ours until asked for."""

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

if TYPE_CHECKING:
    from taskflow.client.client import Client
    from taskflow.client.sync import SyncClient
    from taskflow.infra.settings import Settings
    from taskflow.worker.registry import Registry

HANDLERS: Final = "taskflow_handlers"
START_SECONDS: Final = 60.0


@dataclass(frozen=True, slots=True)
class TaskFlowApp:
    """API and worker in a thread of this process, so that a test can replace what its handlers call.

    `client` is to be opened by `async with`; `sync` is open.
    """

    url: str
    client: "Client"
    sync: "SyncClient"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addini(HANDLERS, "modules of handlers for the fixture taskflow_app, beside those of WORKER_HANDLERS", "args")


@pytest.fixture
def taskflow_app(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[TaskFlowApp]:
    """A whole embedded TaskFlow on an empty database: `.url`, `.client`, `.sync`. Needs no plugin for async tests."""
    from taskflow.client.client import Client
    from taskflow.client.sync import SyncClient
    from taskflow.infra.settings import MEMORY, load_settings

    settings = load_settings(
        db_url=f"sqlite+aiosqlite:///{tmp_path / 'taskflow.db'}",
        rabbitmq_url=MEMORY,
        redis_url=MEMORY,
        api_tokens=(),
        api_tokens_file=None,
    )
    modules = [*settings.worker_handlers, *request.config.getini(HANDLERS)]
    with _serving(settings, modules) as url, SyncClient(url) as sync:
        yield TaskFlowApp(url, Client(url), sync)


@contextmanager
def _serving(settings: "Settings", modules: list[str]) -> Iterator[str]:
    """Its URL, once it answers. Raises what kept it from starting, or ended it."""
    import httpx

    from taskflow.embedded import registry_of

    server = _Server(settings, registry_of(modules))
    thread = threading.Thread(target=server.run, name="taskflow_app", daemon=True)
    thread.start()
    try:
        url = server.url.result(START_SECONDS)
        httpx.get(f"{url}/livez", timeout=START_SECONDS, trust_env=False).raise_for_status()
        yield url
    except httpx.TransportError:
        thread.join(START_SECONDS)
        raise server.failure or TimeoutError(f"TaskFlow did not answer within {START_SECONDS:g} s") from None
    finally:
        server.stop()
        thread.join(START_SECONDS)
    if server.failure:
        raise server.failure


class _Server:
    """What runs in the thread: an event loop with a whole TaskFlow on a free port."""

    def __init__(self, settings: "Settings", registry: "Registry") -> None:
        self.url: Future[str] = Future()
        self.failure: BaseException | None = None
        self._settings = settings
        self._registry = registry
        self._loop = asyncio.new_event_loop()
        self._stop = asyncio.Event()

    def run(self) -> None:
        from taskflow.embedded import run_embedded
        from taskflow.graph.http.server import listening, url_of

        try:
            with listening("127.0.0.1", 0) as listener, asyncio.Runner(loop_factory=lambda: self._loop) as runner:
                self.url.set_result(url_of(listener))
                runner.run(run_embedded(self._settings, self._registry, listener, self._stop))
        except BaseException as error:  # noqa: BLE001 - raised in the thread of the test
            self.failure = error

    def stop(self) -> None:
        with suppress(RuntimeError):  # it has ended, and its loop is closed
            self._loop.call_soon_threadsafe(self._stop.set)
