"""Who asks, and what they may do. Without tokens everybody may do everything."""

from dataclasses import dataclass
from enum import IntEnum
from typing import Final


class Role(IntEnum):
    """Each may do what those before it may."""

    VIEWER = 1
    OPERATOR = 2
    ADMIN = 3


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
