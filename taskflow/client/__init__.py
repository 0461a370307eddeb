"""For programs that submit and watch tasks. Talks to the API, and imports nothing of the server."""
