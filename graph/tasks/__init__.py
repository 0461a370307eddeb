"""What GraphQL and REST both call: create, cancel, retry, and the pages of a list."""
