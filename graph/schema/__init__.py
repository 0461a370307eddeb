"""What the schema shows and takes. `build` assembles it; schema.graphql is its committed print."""
