"""Texts as every database and every wire takes them: a string, not too long, no lone surrogate, no NUL."""

from typing import Final

LONGEST_MESSAGE: Final = 2_000
LONGEST_TRACEBACK: Final = 16_000


def clean(text: object, longest: int = LONGEST_MESSAGE) -> str:
    """At most `longest` letters of it; what is no character is written out."""
    return str(text)[:longest].encode("utf-8", "backslashreplace").decode().replace("\0", "\\0")
