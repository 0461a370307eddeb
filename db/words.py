"""How titles are searched. Pure: a title and a search are spelled alike, and one text is in the other or it is not.

The same answer on every database, whatever its collation: what is compared is ASCII, letter by letter. Case, accents
and the normal form of Unicode do not count; punctuation does.
"""

import re
import unicodedata
from functools import lru_cache
from typing import Final

WORD: Final = " w_"
"""Before each word: what is searched for begins there. With it, the shortest word is as long as an index asks for."""
REST: Final = " c_"
"""Within a word that is longer than what an index takes."""
LONGEST: Final = 80
"""InnoDB's index leaves out words of more than 84 letters."""
UNSPACED: Final = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\u31ff\u3400-\u9fff\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003ffff]"
)
"""Scripts without spaces between words, from Thai to Chinese: each letter of theirs is a word."""
INDEXED: Final = re.compile(r"w_[a-z0-9_]+")


def spelled(text: str) -> str:
    """Lower-case letters and digits as they are, any other by its number, between underscores within words, else dots.

    `C++ 東京` is ` w_c.2b..2b., w__6771_ w__4eac_`; the same for each text that means the same.
    """
    found: list[str] = []
    length, after_unspaced = 0, False
    for letter in _folded(text):
        code, is_word, is_mark, unspaced = _read(letter)
        if not is_word:
            length = 0
        elif not is_mark and (unspaced or after_unspaced or not length):
            found.append(WORD)
            length = len(code)
        elif length + len(code) > LONGEST:
            found.append(REST)
            length = len(code)
        else:
            length += len(code)
        found.append(code)
        after_unspaced = is_word and (unspaced or (is_mark and after_unspaced))
    return "".join(found)


def sought(search: str) -> list[str]:
    """What a title must have, each spelled: the parts between the spaces."""
    return [one for one in map(spelled, search.split()) if one]


def is_found(search: str, title: str) -> bool:
    """Whether each part of the search begins a word of the title, or is punctuation in it."""
    parts, words = sought(search), spelled(title)
    return bool(parts) and all(part in words for part in parts)


def indexed(part: str, *, shortest: int) -> dict[str, bool]:
    """What an index of `spelled` titles can be asked for, and whether it is a whole word.

    That is each word but the last, of which it has a beginning: left out where that is shorter than `shortest` letters.
    """
    words = {found[0]: found.end() < len(part) for found in INDEXED.finditer(part)}
    return {word: whole for word, whole in words.items() if whole or len(word) >= len("w_") + shortest}


def _folded(text: str) -> str:
    if text.isascii():
        return text.lower()
    apart = unicodedata.normalize("NFD", unicodedata.normalize("NFD", text).casefold())
    return unicodedata.normalize("NFC", "".join(letter for letter in apart if not _is_accent(letter)))


def _is_accent(letter: str) -> bool:
    """Above and below letters, points of Hebrew and Arabic, what is invisible; no mark that makes another syllable."""
    place = unicodedata.combining(letter)
    return place == 1 or 10 <= place <= 36 or place >= 200 or unicodedata.category(letter) == "Cf"


@lru_cache(maxsize=4096)
def _read(letter: str) -> tuple[str, bool, bool, bool]:
    """Its spelling; whether it is part of a word, a mark on the letter before, a letter of a script without spaces."""
    if letter.isspace():
        return ",", False, False, False
    kind = unicodedata.category(letter)[0]
    if kind not in "LMN":
        return f".{ord(letter):x}.", False, False, False
    code = letter if letter.isascii() else f"_{ord(letter):x}_"
    return code, True, kind == "M", UNSPACED.match(letter) is not None
