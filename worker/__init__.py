"""The worker process: handlers, the attempts that run them, leases, the dispatcher, and the rescue of lost tasks."""
