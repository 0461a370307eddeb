"""The API process: GraphQL with subscriptions, REST, /ws, health."""
