"""`python -m taskflow`."""

from taskflow.cli import main

main()
