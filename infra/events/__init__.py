"""What was recorded, on its way out: to watchers, to the broker, to `task.dead`. The API and the worker share it."""
