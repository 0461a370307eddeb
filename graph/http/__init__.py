"""GraphQL over HTTP, the REST calls, health, the built dashboard, and the server that answers with them."""
