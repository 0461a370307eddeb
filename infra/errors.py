"""What keeps a process from starting."""


class StartError(Exception):
    """Its text is for the operator: a line for each problem, without passwords, that says what to do."""
