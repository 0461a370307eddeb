"""What keeps a process from starting, and what a call for a task can come to. Imports nothing."""


class StartError(Exception):
    """Its text is for the operator: a line for each problem, without passwords, that says what to do."""


class CallError(Exception):
    """What a call for a task can come to, over the API and inside a worker. Its text says what to do."""


class InvalidTask(CallError):
    """The task asked for can't be. `errors` has for each field, dotted (`payload.sku`, `title`), what it takes."""

    def __init__(self, errors: dict[str, str]) -> None:
        super().__init__("; ".join(f"{field} {takes}" for field, takes in errors.items()))
        self.errors = errors


class Conflict(CallError):
    """The task is not in a state for that, or its idempotency key was used with another input."""


class NotFound(CallError):
    """There is no such task."""


class Unavailable(CallError):
    """TaskFlow can't be reached, or can't reach its database. Try again later."""


class Unauthorized(CallError):
    """The token is missing, unknown, or its role may not do that."""
