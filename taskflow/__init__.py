"""TaskFlow: background work that is durable, retried, and watched live."""
