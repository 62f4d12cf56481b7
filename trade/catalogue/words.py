"""What a product is searched by: pairs of letters, which need no extension, and both spellings of its name.

The table cuts all that a product is called into single letters and pairs (`search_grams`, `Product.grams`); a search
cuts its words the same way, finds the products that have all pairs by the index, and compares only those in full.
"""

from __future__ import annotations

MOST_WORDS = 5


def spelled(name: str) -> tuple[str, str]:
    """The pinyin of a name, initials and full: `cnn` and `chunniunai` for 纯牛奶.  For who writes products.

    The dictionary takes 57 MB of memory, so it is read where it is needed and never by whoever serves customers.
    """
    from pypinyin import Style, lazy_pinyin

    initials = "".join(lazy_pinyin(name, style=Style.FIRST_LETTER)).lower()
    return initials, "".join(lazy_pinyin(name)).lower()


def words(said: str) -> list[str]:
    """What a customer typed as at most MOST_WORDS words in lower case, without the wildcards of LIKE."""
    plain = said.replace("\\", "").replace("%", "").replace("_", "").lower()
    return plain.split()[:MOST_WORDS]


def grams(asked: list[str]) -> list[str]:
    """The pairs of letters in these words, of a single letter itself: what `search_grams` makes of a product's."""
    found = [word[at : at + 2] for word in asked for at in range(len(word) - 1)]
    return sorted({*found, *(word for word in asked if len(word) == 1)})
