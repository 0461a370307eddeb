"""What a list is asked for, and its pages: for GraphQL and REST alike."""
