"""How an operation runs: documents, limits, results, errors. Knows the schema library, never a transport or a task."""
