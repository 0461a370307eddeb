"""What stands in this program's own way is told in one line that names it: no traceback, no blame for the server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import pytest
import pytest_asyncio

from tests.integration.program import TASKFLOW, Program, environment, free_port, run

pytestmark = [pytest.mark.timeout(180), pytest.mark.asyncio(loop_scope="module")]

SECRET = "s3cr3t-w0rd"
SOCKS = {"ALL_PROXY": "socks5://127.0.0.1:9"}
PROXY = {"HTTP_PROXY": f"http://app:{SECRET}@127.0.0.1:9"}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def api(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Mapping[str, str]]:
    folder, port = tmp_path_factory.mktemp("own"), free_port()
    settings = {"DB_URL": f"sqlite+aiosqlite:///{folder}/taskflow.db", "LOG_FORMAT": "json"}
    program = await Program.start(folder / "up.log", settings, "up", "--port", str(port))
    await program.says(lambda line: line.get("event") == "serving")
    yield {"TASKFLOW_URL": f"http://127.0.0.1:{port}"}
    await program.kill()


async def refusal(settings: Mapping[str, str], *arguments: str) -> str:
    code, out, error = await run(settings, *arguments)
    assert (code, out) == (1, ""), error
    assert SECRET not in error
    [line] = error.splitlines()
    assert line.startswith("taskflow: ")
    assert "No TaskFlow answers" not in line
    return line


@pytest.mark.parametrize("excluded", ["127.0.0.1", "example.com, 127.0.0.0/8", "*", "127.0.0.1:{port}"])
async def test_no_proxy_counts(api: Mapping[str, str], excluded: str) -> None:
    port = api["TASKFLOW_URL"].rpartition(":")[2]
    for proxy in (SOCKS, PROXY):
        code, out, error = await run({**api, **proxy, "NO_PROXY": excluded.format(port=port)}, "submit", "x")
        assert (code, error) == (0, "")
        assert len(out) == 37


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        (SOCKS, "proxy of the environment (ALL_PROXY, HTTP_PROXY or HTTPS_PROXY) can't be used"),
        ({"HTTP_PROXY": "::::"}, "can't be used: Invalid port"),
        ({"HTTP_PROXY": "ftp://x"}, "can't be used: Unknown scheme"),
        (PROXY, "proxy that HTTP_PROXY names does not let us through"),
        ({"TASKFLOW_TOKEN": "a\nb"}, "TASKFLOW_TOKEN takes letters"),
        ({"TASKFLOW_TOKEN": "schlüssel"}, "TASKFLOW_TOKEN takes letters"),
        ({"TASKFLOW_URL": "http://ex ample"}, "TASKFLOW_URL takes an address"),
        ({"TASKFLOW_URL": "http://exa\nmple"}, "TASKFLOW_URL takes an address"),
        ({"TASKFLOW_URL": "http://" + "a" * 300}, "TASKFLOW_URL takes an address"),
        ({"TASKFLOW_URL": "http://127.0.0.1:1/#x"}, "TASKFLOW_URL takes an address"),
        ({"TASKFLOW_URL": f"ftp://app:{SECRET}@127.0.0.1"}, "TASKFLOW_URL takes an address"),
        ({"TASKFLOW_URL": "http://xn--"}, "This program can't ask"),
        ({"TASKFLOW_URL": "http://256.256.256.256"}, "This program can't ask"),
    ],
)
async def test_what_is_wrong_with_the_environment_is_named(
    api: Mapping[str, str], settings: Mapping[str, str], says: str
) -> None:
    for command in (("submit", "x"), ("watch", "nobodys"), ("list",)):
        assert says in await refusal({**api, **settings}, *command)


async def test_a_proxy_for_all_is_named_by_its_variable(api: Mapping[str, str]) -> None:
    line = await refusal({**api, "ALL_PROXY": "http://127.0.0.1:9"}, "submit", "x")
    assert "proxy that ALL_PROXY names does not let us through" in line


@pytest.mark.parametrize("name", ["SSL_CERT_FILE", "SSLKEYLOGFILE"])
async def test_certificates_matter_where_there_is_tls(api: Mapping[str, str], name: str) -> None:
    files = {name: "/no/such/file"}
    assert (await run({**api, **files}, "submit", "x"))[0] == 0
    secure = {"TASKFLOW_URL": api["TASKFLOW_URL"].replace("http:", "https:")}
    assert name in await refusal({**secure, **files}, "submit", "x")
    assert "There is no TLS with what answers at https://127.0.0.1" in await refusal(secure, "submit", "x")


async def test_line_ends_around_the_address_and_the_token_do_not_count(api: Mapping[str, str]) -> None:
    settings = {"TASKFLOW_URL": f" {api['TASKFLOW_URL'].upper()}/\r", "TASKFLOW_TOKEN": "token\r"}
    assert (await run(settings, "submit", "x"))[0] == 0
    assert "There is no task nobodys" in await refusal(settings, "watch", "nobodys")


async def test_an_empty_id_is_no_task(api: Mapping[str, str]) -> None:
    for command in ("watch", "get"):
        assert "There is no task" in await refusal(api, command, "")


async def test_a_terminal_of_few_letters_is_shown_the_others_as_numbers(api: Mapping[str, str]) -> None:
    assert (await run(api, "submit", "हिन्दी"))[0] == 0
    for more in ((), ("--json",)):
        code, out, error = await run({**api, "PYTHONIOENCODING": "ascii"}, "list", *more)
        assert (code, error) == (0, "")
        assert "\\u0939" in out


async def shell(settings: Mapping[str, str], command: str) -> tuple[int | None, str]:
    process = await asyncio.create_subprocess_exec(
        "bash",
        "-c",
        f"set -o pipefail; {command}",
        env=environment(settings),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    _, error = await process.communicate()
    return process.returncode, error.decode()


async def test_an_argument_in_another_encoding_is_told(api: Mapping[str, str]) -> None:
    for command in ("submit", "watch", "get"):
        code, error = await shell(api, f"{TASKFLOW} {command} $'\\xff'")
        assert (code, len(error.splitlines())) == (1, 1)
        assert "is not in the encoding of this terminal" in error


async def test_an_output_that_nobody_reads_any_more_ends_the_command_in_silence(api: Mapping[str, str]) -> None:
    await run(api, "seed", "--count", "300")
    assert await shell(api, f"{TASKFLOW} list --limit 300 --json | head -c 5") == (141, "")
    assert (await shell(api, f"{TASKFLOW} list --limit 300 | head -c 5"))[1] == ""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
async def test_an_output_that_is_full_is_told(api: Mapping[str, str]) -> None:
    code, error = await shell(api, f"{TASKFLOW} list --json > /dev/full")
    assert code == 1
    assert "Traceback" not in error
    assert "No space left on device" in error
