"""The texts a server writes itself (refusals, receipts), from `config/locale/*.json`."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

from config.money import yuan

_FOLDER = Path(__file__).parent / "locale"
LANGUAGES = ("zh-CN", "en")


@lru_cache(maxsize=len(LANGUAGES))
def texts(language: str) -> dict[str, str]:
    """Every text of one language by key."""
    loaded: dict[str, str] = json.loads((_FOLDER / f"{language}.json").read_text("utf-8"))
    return loaded


def language_of(accept: str | None) -> str:
    """The language a caller asked for: English when they say so first, else Chinese."""
    return "en" if (accept or "").strip().lower().startswith("en") else "zh-CN"


def say(key: str, language: str, **facts: Any) -> str:
    """One text with its facts filled in, amounts in yuan; a fact the text does not name is left out.

    `fields` that name faults of a form (`fault.<code>`) become `sentences`.
    """
    words = texts(language).get(key) or texts(language)["refused.refused"]
    shown = {
        name: yuan(fact) if name.endswith("_fen") and isinstance(fact, int) else fact for name, fact in facts.items()
    }
    if isinstance(faults := facts.get("fields"), dict):
        told = dict.fromkeys(texts(language).get(f"fault.{code}", str(code)) for code in faults.values())
        shown["sentences"] = " ".join(told)
    try:
        return words.format(**shown)
    except (KeyError, IndexError):
        return words
