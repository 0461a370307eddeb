"""Where TaskFlow is, who said so, and the token to show there."""

import os
from dataclasses import dataclass, field
from typing import Final, Self
from urllib.parse import urlsplit

DEFAULT_URL: Final = "http://127.0.0.1:8000"
LONGEST_HOST: Final = 253


@dataclass(frozen=True, slots=True)
class Address:
    """`source` is who named the URL, for messages."""

    url: str
    source: str
    token: str | None = field(default=None, repr=False)

    @classmethod
    def of(cls, url: str | None, token: str | None) -> Self:
        """What is given, else TASKFLOW_URL and TASKFLOW_TOKEN, trimmed. Raises ValueError for what is none."""
        named, source = url, "url"
        if named is None:
            named, source = os.environ.get("TASKFLOW_URL", "").strip() or None, "TASKFLOW_URL"
        if named is None:
            named, source = DEFAULT_URL, "the default"
        scheme, separator, place = named.strip().rstrip("/").partition("://")
        address = cls(f"{scheme.lower()}{separator}{place}", source, _token(token))
        if not _is_url(address.url):
            raise ValueError(f"{source} takes an address such as {DEFAULT_URL}, not {address._shown()!r}")
        return address

    @property
    def graphql(self) -> str:
        return f"{self.url}/graphql"

    @property
    def websocket(self) -> str:
        return f"ws{self.url.removeprefix('http')}/graphql"

    @property
    def host(self) -> str:
        return urlsplit(self.url).hostname or ""

    @property
    def port(self) -> int:
        parts = urlsplit(self.url)
        return parts.port or (443 if parts.scheme == "https" else 80)

    def __str__(self) -> str:
        """For messages."""
        return f"{self._shown()} ({self.source})"

    def _shown(self) -> str:
        """Without a password, whether it is a URL or not."""
        scheme, separator, rest = self.url.rpartition("://")
        place, slash, path = rest.partition("/")
        return f"{scheme}{separator}{place.rpartition('@')[2]}{slash}{path}"


def _token(given: str | None) -> str | None:
    token = (os.environ.get("TASKFLOW_TOKEN", "") if given is None else given).strip()
    if not all("!" <= letter <= "~" for letter in token):
        source = "TASKFLOW_TOKEN" if given is None else "token"
        raise ValueError(f"{source} takes letters, digits and signs of ASCII alone")
    return token or None


def _is_url(text: str) -> bool:
    """What else no library takes is told when it is asked for: none is loaded for this."""
    try:
        parts = urlsplit(text)
        is_place = 0 < len(parts.hostname or "") <= LONGEST_HOST and parts.port != 0
    except ValueError:
        return False
    plain = text.isprintable() and not any(letter.isspace() or letter in "?#" for letter in text)
    return plain and is_place and parts.scheme in {"http", "https"}
