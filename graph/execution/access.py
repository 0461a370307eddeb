"""Who asks, and what they may do. Without tokens everybody may do everything."""

from dataclasses import dataclass
from typing import Final

from starlette.requests import HTTPConnection

from taskflow.infra.tokens import Role as Role

VIEWER: Final = "taskflow.viewer"
"""In a connection's scope, put there by whoever read its token: a Viewer, or None when it showed none that is known."""


class Unauthenticated(Exception):
    """No token came, or none that is known."""

    def __str__(self) -> str:
        return "This takes a token: it is missing or unknown"


class Forbidden(Exception):
    """The role is too low for what was asked; the sentence names the one that it takes."""


@dataclass(frozen=True, slots=True)
class Viewer:
    """Whoever holds a token: its name and role."""

    name: str | None
    role: Role

    def require(self, role: Role) -> None:
        """Raises Forbidden."""
        if self.role < role:
            raise Forbidden(f"This takes the role {role.name.lower()}; yours is {self.role.name.lower()}")


EVERYBODY: Final = Viewer(None, Role.ADMIN)
"""Where no tokens are set."""


def caller_of(connection: HTTPConnection) -> str:
    """For whom mutations are counted: a token, or an address where there are none. Raises Unauthenticated."""
    name = viewer_of(connection).name
    if name is not None:
        return f"token:{name}"
    return f"address:{connection.client.host if connection.client else ''}"


def viewer_of(connection: HTTPConnection) -> Viewer:
    """Raises Unauthenticated."""
    viewer: Viewer | None = connection.scope.get(VIEWER)
    if viewer is None:
        raise Unauthenticated
    return viewer
