"""Which tokens can be, whose a secret is, and what becomes of those in a file that changes."""

import hmac
import logging
from pathlib import Path

import pytest
from starlette.requests import HTTPConnection

from taskflow.graph.execution import tokens as module
from taskflow.graph.execution.access import EVERYBODY, VIEWER, Unauthenticated, Viewer
from taskflow.graph.execution.tokens import Tokens, load_tokens, open_tokens
from taskflow.infra.errors import StartError
from taskflow.infra.liveness import Liveness
from taskflow.infra.settings import Settings, SettingsError, load_settings
from taskflow.infra.tokens import Role, Token, parse_tokens
from tests.contracts.waiting import eventually

SECRETS = ["ada.0123456789-abc", "bob~0123456789_abc", "cyd-0123456789.abc"]
ADA, BOB, CYD = SECRETS
TEXT = f"ada:admin:{ADA} bob:viewer:{BOB}"


@pytest.mark.parametrize("written", ["{0} {1}", "{0}\n{1}\n", "\t{0}\r\n\r\n  {1} "])
def test_tokens_are_separated_by_spaces_and_lines(written: str) -> None:
    tokens = parse_tokens(written.format(f"ada:admin:{ADA}", f"bob:VIEWER:{BOB}"))
    assert tokens == (Token("ada", Role.ADMIN, ADA), Token("bob", Role.VIEWER, BOB))
    assert not any(secret in repr(tokens) for secret in SECRETS)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (ADA, "takes name:role:secret, separated by spaces or lines; number 1 is none"),
        (f"ada:{ADA}", "number 1 is none"),
        (f"ada:admin:{ADA} :viewer:{BOB}", "number 2 is none"),
        (f"a,b:viewer:{BOB}", "number 1 is none"),
        (f"ada:owner:{ADA}", "takes the role viewer, operator or admin; number 1 has another"),
        (f"{ADA}:{ADA}:ada", "takes the role viewer, operator or admin; number 1 has another"),
        ("ada:admin:0123456789abcde", "takes secrets of 16 or more of A-Z, a-z, 0-9 and . _ ~ -; number 1 has another"),
        (f"ada:admin:{ADA}:", "takes secrets of 16 or more"),
        (f"ada:admin:{ADA}é", "takes secrets of 16 or more"),
        (f"{TEXT} ada:viewer:{CYD}", "names ada twice"),
        (f"{TEXT} cyd:viewer:{BOB}", "has the same secret for bob and cyd"),
    ],
)
def test_malformed_tokens_stop_the_start_with_a_line_that_has_no_secret(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, text: str, says: str
) -> None:
    monkeypatch.setenv("API_TOKENS", text)
    with pytest.raises(SettingsError) as refused:
        load_settings()
    monkeypatch.delenv("API_TOKENS")
    file = tmp_path / "tokens"
    file.write_text(text)
    with pytest.raises(StartError) as of_file:
        load_tokens(Settings(api_tokens_file=file))
    for error, variable in ((refused, "API_TOKENS"), (of_file, "API_TOKENS_FILE")):
        assert str(error.value).startswith(f"{variable} ")
        assert says in str(error.value)
        assert "\n" not in str(error.value)
        assert not any(secret in str(error.value) for secret in SECRETS)


def test_both_variables_add_up_and_a_name_in_both_stops_the_start(tmp_path: Path) -> None:
    file = tmp_path / "tokens"
    file.write_text(f"bob:viewer:{BOB}")
    both = Settings(api_tokens=parse_tokens(f"ada:admin:{ADA}"), api_tokens_file=file)
    assert [token.name for token in load_tokens(both)] == ["ada", "bob"]
    with pytest.raises(StartError, match=r"^API_TOKENS_FILE names bob twice$"):
        load_tokens(both.model_copy(update={"api_tokens": parse_tokens(f"bob:viewer:{CYD}")}))


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "can't be read: No such file"),
        (b"\xff\xfe", "not UTF-8"),
        (b" \n", "has no token"),
        (b"a" * 2**21, "more than"),
    ],
)
async def test_a_file_that_can_not_be_read_stops_the_start(tmp_path: Path, content: bytes | None, says: str) -> None:
    file = tmp_path / "tokens"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(StartError, match=f"^API_TOKENS_FILE .*{says}"):
        async with open_tokens(Settings(api_tokens_file=file), Liveness()):
            pass


def test_without_tokens_everybody_is_admin() -> None:
    assert Tokens().viewer(None) == Tokens().viewer(b"anything") == EVERYBODY


@pytest.mark.parametrize(
    ("secret", "name"), [(ADA, "ada"), (BOB, "bob"), (BOB[:-1], None), (f"{BOB} ", None), ("", None)]
)
def test_a_secret_is_compared_with_every_token_in_constant_time(
    monkeypatch: pytest.MonkeyPatch, secret: str, name: str | None
) -> None:
    compared: list[int] = []

    def compare(known: bytes, digest: bytes) -> bool:
        compared.append(len(digest))
        return hmac.compare_digest(known, digest)

    tokens = Tokens(parse_tokens(f"{TEXT} cyd:viewer:{CYD}"))
    monkeypatch.setattr(module, "compare_digest", compare)
    viewer = tokens.viewer(secret.encode())
    assert (viewer.name if viewer else None) == name
    assert compared == [32, 32, 32]
    assert tokens.viewer(None) is None


def connection() -> HTTPConnection:
    return HTTPConnection({"type": "websocket", "headers": []})


async def test_a_session_ends_when_its_token_is_withdrawn_or_may_do_less() -> None:
    tokens = Tokens(parse_tokens(f"ada:admin:{ADA} bob:operator:{BOB} cyd:viewer:{CYD}"))
    ended: list[str] = []
    ada, bob, cyd = connection(), connection(), connection()

    def session(opened: HTTPConnection, secret: str, name: str) -> object:
        async def end() -> None:
            ended.append(name)

        entered = tokens.session(opened, secret.encode(), end)
        entered.__enter__()
        return entered

    kept = [session(ada, ADA, "ada"), session(bob, BOB, "bob"), session(cyd, CYD, "cyd")]
    assert tokens.replace(parse_tokens(f"bob:viewer:{BOB} cyrus:operator:{CYD}"))

    async def both_ended() -> bool:
        return sorted(ended) == ["ada", "bob"]

    await eventually(both_ended)
    assert len(kept) == 3
    assert [one.scope[VIEWER] for one in (ada, bob, cyd)] == [None, None, Viewer("cyrus", Role.OPERATOR)]
    with pytest.raises(Unauthenticated), tokens.session(connection(), ADA.encode(), both_ended):  # type: ignore[arg-type]
        pass


@pytest.mark.parametrize("other", [f"ada:viewer:{ADA}", f"adam:admin:{ADA}", f"ada:admin:{CYD}"])
def test_a_token_is_replaced_by_one_of_another_role_name_or_secret(other: str) -> None:
    tokens = Tokens(parse_tokens(TEXT))
    assert not tokens.replace(parse_tokens(TEXT))
    assert tokens.replace(parse_tokens(f"{other} bob:viewer:{BOB}"))
    (token,) = parse_tokens(other)
    assert tokens.viewer(token.secret.encode()) == Viewer(token.name, token.role)
    assert (tokens.viewer(ADA.encode()) is None) is (token.secret != ADA)


async def test_the_file_is_read_again_and_what_is_no_file_of_tokens_changes_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    assert module.READ_AGAIN.total_seconds() <= 5, "within ten seconds, with time to close the sockets"
    monkeypatch.setattr(module, "READ_AGAIN", module.READ_AGAIN / 100)
    caplog.set_level(logging.INFO, "taskflow.tokens")
    file = tmp_path / "tokens"
    file.write_text(TEXT)

    def lines() -> list[str]:
        return [record.message for record in caplog.records if record.name == "taskflow.tokens"]

    async with open_tokens(Settings(api_tokens_file=file), Liveness()) as tokens:

        async def said(words: str, count: int) -> None:
            async def it() -> bool:
                return len(lines()) == count and words in lines()[-1]

            await eventually(it)

        file.write_text(f"{TEXT} {CYD}")
        await said("API_TOKENS_FILE takes name:role:secret", 1)
        file.unlink()
        await said("API_TOKENS_FILE can't be read: No such file or directory; the tokens stay as they were", 2)
        assert tokens.viewer(ADA.encode()) == Viewer("ada", Role.ADMIN)
        file.write_text(f"cyd:viewer:{CYD}")
        await said("API_TOKENS_FILE was read again: 1 tokens in all", 3)
        assert tokens.viewer(ADA.encode()) is None
        assert tokens.viewer(CYD.encode()) == Viewer("cyd", Role.VIEWER)
    assert not any(secret in caplog.text for secret in SECRETS)
