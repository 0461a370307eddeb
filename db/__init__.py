"""The task: its lifecycle, its tables, its SQL. Imports nothing of ours."""
