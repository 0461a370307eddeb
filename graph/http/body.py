"""A request's body, as long as it may be and of the one type that is read; and when to come again."""

from starlette.requests import Request

JSON = "application/json"
CHALLENGE = {"www-authenticate": 'Bearer realm="taskflow"'}
"""With 401."""
RETRY_NEXT_SECOND = {"retry-after": "1"}
"""With 429."""
RETRY_LATER = {"retry-after": "2"}
"""With 503, in seconds."""


class BodyTooLarge(Exception):
    """It has more bytes than may be read. Starlette's own limit would answer in plain text, whoever asked."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"The body has more than {limit} bytes.")


async def read_body(request: Request, limit: int) -> bytes:
    """Raises BodyTooLarge, as soon as it is."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit:
            raise BodyTooLarge(limit)
    return bytes(body)


def is_json(request: Request) -> bool:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower() == JSON
