"""Watching tasks: the hub that fans events out, the ledger of what was delivered, and the replay of what was missed."""
