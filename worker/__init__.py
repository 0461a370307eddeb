"""The worker process, and what a handler's author imports."""
