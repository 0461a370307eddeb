"""Routes that the guard leaves open, to who has no token too. Every other route is closed."""

from starlette.routing import Route, WebSocketRoute


class OpenRoute(Route):
    """Shows nothing of any task, or asks for the token itself where it does."""


class OpenWebSocketRoute(WebSocketRoute):
    """Asks for the token itself."""
