"""GraphQL over HTTP: one operation, its data or an error of `taskflow.errors`. Repeats nothing by itself."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Final

from taskflow.client.address import Address
from taskflow.client.answers import AnswerLost, NotTaskFlow, read, refused_token
from taskflow.client.proxy import bypasses_proxy, proxy_variable
from taskflow.infra.connecting import is_no_tls
from taskflow.infra.errors import CallError, InvalidTask, Unavailable
from taskflow.infra.wire import decode_json, encode_json

if TYPE_CHECKING:
    import httpx

TIMEOUT: Final = 30.0
"""Seconds without a byte before an answer is given up."""
KEPT_ALIVE: Final = 4.0
"""Seconds that an idle connection is used again: less than the five after which the server closes it."""


class Http:
    """`reached` once anything that is TaskFlow has answered."""

    def __init__(self, address: Address, client: "httpx.AsyncClient") -> None:
        self._address = address
        self._client = client
        self.reached = False

    async def ask(self, query: str, variables: dict[str, Any], *, traceparent: str | None = None) -> dict[str, Any]:
        """The operation's data; it belongs to the trace given. Raises CallError."""
        import httpx

        body = encode_json({"query": query, "variables": variables})
        try:
            headers = {"traceparent": traceparent} if traceparent else None
            response = await self._client.post(self._address.graphql, content=body, headers=headers)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.ProxyError, httpx.PoolTimeout) as error:
            raise absent(self._address, error) from None
        except (httpx.InvalidURL, httpx.LocalProtocolError, OSError, TypeError, ValueError) as error:
            raise Unavailable(f"This program can't ask TaskFlow at {self._address}: {error!r}") from None
        except httpx.HTTPError as error:
            reason = str(error) or type(error).__name__
            raise AnswerLost(f"TaskFlow at {self._address} took a request and did not answer: {reason}.") from None
        try:
            data = _read(response)
        except CallError as error:
            self.reached = self.reached or not isinstance(error, NotTaskFlow)
            raise
        except (AttributeError, LookupError, TypeError, ValueError):
            raise _something_else(self._address) from None
        self.reached = True
        return data

    async def query(self, query: str, variables: dict[str, Any]) -> dict[str, Any]:
        """The same for what only reads: asked a second time when the answer was lost."""
        try:
            return await self.ask(query, variables)
        except AnswerLost:
            return await self.ask(query, variables)


def absent(address: Address, reason: Exception) -> Unavailable:
    """For a connection that was not made: to the proxy, over TLS, or to TaskFlow itself."""
    said = str(reason) or type(reason).__name__
    if variable := proxy_variable(address):
        way = f"The proxy that {variable} names does not let us through to {address}"
        return Unavailable(f"{way}: {said}. {without(address)}")
    if is_no_tls(reason):
        return Unavailable(
            f"There is no TLS with what answers at {address}: {said}. SSL_CERT_FILE names certificates to trust; "
            "an address with http:// does without."
        )
    return Unavailable(
        f"No TaskFlow answers at {address}: {said}. Start one with `taskflow up`, or let TASKFLOW_URL say where it is."
    )


def without(address: Address) -> str:
    return f"NO_PROXY={address.host} goes without one."


def _something_else(address: Address) -> NotTaskFlow:
    return NotTaskFlow(f"What answers at {address} is not TaskFlow. Let TASKFLOW_URL say where it is.")


def _read(response: "httpx.Response") -> dict[str, Any]:
    """Raises CallError, or what comes of reading something else."""
    if response.status_code in {401, 403}:
        raise refused_token(_said(response))
    if response.status_code == 413:
        raise InvalidTask({"payload": "takes less: the request is larger than the server reads"})
    if response.status_code == 429:
        wait = response.headers.get("retry-after", "some")
        raise Unavailable(f"TaskFlow takes no more at the moment. Try again in {wait} seconds.")
    if response.status_code in {502, 503, 504}:
        raise AnswerLost(f"TaskFlow can't answer at the moment (HTTP {response.status_code}). Try again later.")
    return read(decode_json(response.content))


def _said(response: "httpx.Response") -> str:
    """What a refusal says, as GraphQL or as a problem of REST; else its status."""
    try:
        body = decode_json(response.content)
        return str(body["errors"][0]["message"] if "errors" in body else body["detail"])
    except (LookupError, TypeError, ValueError):
        return f"HTTP {response.status_code}"


@asynccontextmanager
async def open_http(address: Address) -> AsyncIterator[Http]:
    """Raises Unavailable when a proxy that the environment names can't be used."""
    import httpx

    headers = {"content-type": "application/json", "accept": "application/json"}
    if address.token:
        headers["authorization"] = f"Bearer {address.token}"
    limits = httpx.Limits(max_connections=20, keepalive_expiry=KEPT_ALIVE)
    trust, secure = not bypasses_proxy(address), address.url.startswith("https:")
    try:
        client = httpx.AsyncClient(headers=headers, timeout=TIMEOUT, limits=limits, trust_env=trust, verify=secure)
    except OSError as error:
        raise Unavailable(
            f"The environment's SSL_CERT_FILE, SSL_CERT_DIR or SSLKEYLOGFILE can't be used: {error.strerror or error}"
        ) from None
    except (ImportError, ValueError, httpx.InvalidURL) as error:
        proxy = "The proxy of the environment (ALL_PROXY, HTTP_PROXY or HTTPS_PROXY)"
        raise Unavailable(f"{proxy} can't be used: {str(error).splitlines()[0]} {without(address)}") from None
    async with client:
        yield Http(address, client)
