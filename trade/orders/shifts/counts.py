"""Cash counted piece by piece: what a set of notes and coins is worth."""

from __future__ import annotations

from collections.abc import Mapping

from config.errors import Malformed

FACES = (10000, 5000, 2000, 1000, 500, 100, 50, 10, 5, 2, 1)
"""What notes and coins say, in fen, the largest first."""
MOST = 9999
"""So many pieces of one kind; more is a slip of the finger."""

Pieces = Mapping[int, int]


def worth(pieces: Pieces) -> int:
    """What the pieces come to, in fen; raises Malformed for what is no money or cannot be counted."""
    wrong = {str(face): "no such piece" for face in pieces if face not in FACES}
    wrong |= {str(face): f"0 to {MOST}" for face, n in pieces.items() if not 0 <= n <= MOST}
    if wrong:
        raise Malformed(fields=wrong)
    return sum(face * n for face, n in pieces.items())


def as_json(pieces: Pieces) -> dict[str, int]:
    """As it is kept: without the pieces that there are none of."""
    return {str(face): pieces[face] for face in FACES if pieces.get(face)}
