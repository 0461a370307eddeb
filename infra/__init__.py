"""What TaskFlow talks to: database, broker, bus, settings. Knows nothing of tasks beyond what travels on the wire."""
