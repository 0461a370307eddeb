"""A team's module that can't be imported."""

READY_IN = 1 / 0
