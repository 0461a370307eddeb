"""Where TaskFlow is, who said so, and the token to show there."""

import os
from dataclasses import dataclass, field
from typing import Final, Self
from urllib.parse import urlsplit

DEFAULT_URL: Final = "http://127.0.0.1:8000"


@dataclass(frozen=True, slots=True)
class Address:
    """`source` is who named the URL, for messages."""

    url: str
    source: str
    token: str | None = field(default=None, repr=False)

    @classmethod
    def of(cls, url: str | None, token: str | None) -> Self:
        """What is given, else TASKFLOW_URL and TASKFLOW_TOKEN. Raises ValueError for what is no URL."""
        token = os.environ.get("TASKFLOW_TOKEN") if token is None else token
        named, source = url, "url"
        if named is None:
            named, source = os.environ.get("TASKFLOW_URL") or None, "TASKFLOW_URL"
        if named is None:
            named, source = DEFAULT_URL, "the default"
        address = cls(named.strip().rstrip("/"), source, token or None)
        if not _is_url(address.url):
            raise ValueError(f"{source} takes an address such as {DEFAULT_URL}, not {named!r}")
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

    def __str__(self) -> str:
        """For messages: without a password."""
        parts = urlsplit(self.url)
        shown = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
        return f"{shown} ({self.source})"


def _is_url(text: str) -> bool:
    try:
        parts = urlsplit(text)
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
