"""API tokens as an operator writes them: `name:role:secret`, separated by spaces or lines. No secret is in any text of
an error. Who may do what with a role is not decided here.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from pathlib import Path
from typing import Final

from taskflow.infra.input import NAME

SECRET: Final = re.compile(r"[A-Za-z0-9._~-]{16,}")
TAKES: Final = "takes name:role:secret, separated by spaces or lines"
FILE_MAX: Final = 1024 * 1024
"""Bytes."""


class Role(IntEnum):
    """Each may do what those before it may."""

    VIEWER = 1
    OPERATOR = 2
    ADMIN = 3


@dataclass(frozen=True, slots=True)
class Token:
    name: str
    role: Role
    secret: str = field(repr=False)


def parse_tokens(text: str) -> tuple[Token, ...]:
    """Raises ValueError, which tells the first token that can't be by its place: any word of it may be a secret."""
    tokens = tuple(_parse(word, place) for place, word in enumerate(text.split(), 1))
    check_distinct(tokens)
    return tokens


def _parse(word: str, place: int) -> Token:
    name, _, rest = word.partition(":")
    role, colon, secret = rest.partition(":")
    if not colon or not NAME.fullmatch(name):
        raise ValueError(f"{TAKES}; number {place} is none")
    if role.upper() not in Role.__members__:
        raise ValueError(f"takes the role viewer, operator or admin; number {place} has another")
    if not SECRET.fullmatch(secret):
        raise ValueError(f"takes secrets of 16 or more of A-Z, a-z, 0-9 and . _ ~ -; number {place} has another")
    return Token(name, Role[role.upper()], secret)


def check_distinct(tokens: Sequence[Token]) -> None:
    """Raises ValueError for a name that comes twice, and for a secret: nobody could tell whose it is."""
    names: dict[str, str] = {}
    secrets: dict[str, str] = {}
    for token in tokens:
        if token.name in names:
            raise ValueError(f"names {token.name} twice")
        if token.secret in secrets:
            raise ValueError(f"has the same secret for {secrets[token.secret]} and {token.name}")
        names[token.name] = secrets[token.secret] = token.name


def read_tokens(path: Path) -> tuple[Token, ...]:
    """At least one. Raises ValueError, for a file that can't be read too."""
    try:
        with path.open("rb") as file:
            text = file.read(FILE_MAX + 1).decode("utf-8-sig")
    except OSError as error:
        raise ValueError(f"can't be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ValueError("can't be read: it is not UTF-8") from None
    if len(text) > FILE_MAX:
        raise ValueError(f"can't be read: it has more than {FILE_MAX} bytes")
    tokens = parse_tokens(text)
    if not tokens:
        raise ValueError(f"has no token: it {TAKES}")
    return tokens
