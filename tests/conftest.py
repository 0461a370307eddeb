"""What every test may ask for. A real service that does not answer skips its tests on a laptop and fails them in CI."""

from __future__ import annotations

from collections.abc import Callable

import hypothesis
import pytest

from tests import services
from tests.sharing import ByFile, longest_first

hypothesis.settings.register_profile("taskflow", deadline=None)  # a machine that does much else is no failure
hypothesis.settings.load_profile("taskflow")


@pytest.fixture(scope="session")
def service_url() -> Callable[[services.Service], str]:
    """`service_url("mysql")` is where that service answers; without one the test skips, or fails when required."""

    def find(name: services.Service) -> str:
        url = services.url(name)
        if url is not None:
            return url
        if services.required():
            pytest.fail(services.sentence(name), pytrace=False)
        pytest.skip(services.sentence(name))

    return find


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    longest_first(items)


def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> ByFile:
    config.option.loadscopereorder = False  # which is by the number of tests
    return ByFile(config, log)
