"""WebSockets: graphql-transport-ws, and `/ws`."""
