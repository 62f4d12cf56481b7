"""Lists that the night made, in Redis: one a member, one a product, one a store, under the version that made them.

Losing them loses nothing: a store's usual order is shown until the next run.  `live` names the version that is
served; the one before is kept, so that going back is one write.
"""

from __future__ import annotations

import struct
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from redis import RedisError

from config.redis import connection, key

KINDS = ("usual", "with", "popular")
Kind = Literal["usual", "with", "popular", "pending"]
KEEP_S = 3 * 24 * 3600
"""Two missed nights; then nothing is better than something old."""
_ROW = struct.Struct("<IBI")
PORTION = 1000


@dataclass(frozen=True, slots=True)
class Named:
    """A product in a list, and why.

    :param about: `usual`: how many days usually lie between two purchases, 0 where it was bought once; `with`: the
        product, among those the member bought or that are asked about, that it is bought with; else 0.
    """

    product_id: int
    kind: Kind
    about: int = 0


def packed(named: Iterable[Named]) -> bytes:
    """9 bytes a product."""
    return b"".join(_ROW.pack(one.product_id, KINDS.index(one.kind), one.about) for one in named)


def unpacked(raw: bytes | None) -> list[Named]:
    """What `packed` made; nothing of nothing."""
    return [Named(product, KINDS[kind], about) for product, kind, about in _ROW.iter_unpack(raw or b"")]  # type: ignore[arg-type]


def put(version: str, what: Literal["m", "p", "s"], lists: Mapping[int, Sequence[Named]]) -> None:
    """Store the lists of members, products or stores, by number."""
    numbers = list(lists)
    for start in range(0, len(numbers), PORTION):
        pipe = connection().pipeline(transaction=False)
        for number in numbers[start : start + PORTION]:
            pipe.set(key(f"rec:{version}:{what}:{number}"), packed(lists[number]), ex=KEEP_S)
        pipe.execute()


def go_live(version: str) -> None:
    """Serve this version from now on; the one before is remembered."""
    store: Any = connection()
    before = store.get(key("rec:live"))
    if before and before.decode() != version:
        store.set(key("rec:before"), before)
    store.set(key("rec:live"), version)


def go_back() -> str | None:
    """Serve the version before; which one that is, None where there is none."""
    store: Any = connection()
    before = store.get(key("rec:before"))
    if before is None:
        return None
    go_live(before.decode())
    return str(before.decode())


@dataclass(frozen=True, slots=True)
class Found:
    """Lists as they were asked for, and the version that made them; an empty version when there is none."""

    version: str
    member: list[Named]
    products: list[list[Named]]
    store: list[Named]


def find(*, store_id: int, member_id: int | None = None, product_ids: Sequence[int] = ()) -> Found:
    """The live lists of a store, a member and products, in two round trips; empty ones when Redis is away."""
    try:
        store: Any = connection()
        live = store.get(key("rec:live"))
        if live is None:
            return Found("", [], [], [])
        version = live.decode()
        asked = [f"s:{store_id}", f"m:{member_id or 0}", *(f"p:{one}" for one in product_ids)]
        raw = store.mget([key(f"rec:{version}:{one}") for one in asked])
    except (RedisError, OSError):
        return Found("", [], [], [])
    return Found(version, unpacked(raw[1]), [unpacked(one) for one in raw[2:]], unpacked(raw[0]))


def drop(members: Collection[int]) -> None:
    """Nobody's list any more: they withdrew their consent, or left.

    :raises RedisError: they may still be there; what is served asks for consent all the same.
    """
    store: Any = connection()
    versions = [one.decode() for one in store.mget([key("rec:live"), key("rec:before")]) if one]
    keys = [key(f"rec:{version}:m:{member}") for version in versions for member in members]
    if keys:
        store.delete(*keys)
