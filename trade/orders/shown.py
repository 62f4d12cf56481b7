"""What the customer was shown, signed, so that what they submit is held against it line by line.

A quote is good for `VALID` (members-mall-orders.md 3.6.5): within it equal goes, cheaper is charged cheaper, dearer
stops with what each line was and is, and which promotion or coupon went.  The token is no secret, but nobody else can
make or change it.  It says nothing of tenders: how a basket is paid changes no price.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from itsdangerous import BadData, URLSafeSerializer

from config.clock import epoch_ms
from config.errors import Refused
from member.secrets import signing_key
from trade.pricing.quoted import Line, Quote, Want

if TYPE_CHECKING:
    from trade.orders.price import Basket

VALID = timedelta(minutes=10)
MOST = 24_000
"""A token is at most so long: 200 lines with five deductions each."""


class QuoteForged(Refused):
    """The token of a quote is not ours, or was changed."""

    code, status = "quote_forged", 422


class QuoteExpired(Refused):
    """The quote is older than ten minutes; `quote` is what the basket costs now."""

    code = "quote_expired"


class QuoteOfAnother(Refused):
    """The quote is of other goods, another member, place or choice; `quote` is what this basket costs."""

    code = "quote_of_another_basket"


@dataclass(frozen=True, slots=True)
class Shown:
    """An opened token: `of` is the basket's identity, `names` those of what took something off."""

    of: Mapping[str, Any]
    lines: Sequence[Sequence[Any]]
    names: Mapping[str, str]
    payable_fen: int
    tier: str | None
    rules_version: int
    until_ms: int


def _signer() -> URLSafeSerializer:
    return URLSafeSerializer(signing_key("quote"), salt="quote", signer_kwargs={"digest_method": sha256})


def _identity(basket: Basket) -> dict[str, Any]:
    """What makes it this basket and no other."""
    return {
        "store": basket.store_id,
        "channel": basket.channel,
        "member": basket.member_id,
        "lines": [[want.sku_id, want.qty, _by_hand(want)] for want in basket.wants],
        "points": basket.points,
        "discount": basket.discount_fen,
        "coupons": None if basket.coupon_ids is None else sorted(basket.coupon_ids),
        "barred": sorted(basket.barred),
        "way": basket.way.identity(),
        "offer": basket.offer_id,
    }


def _by_hand(want: Want) -> list[Any] | None:
    hand = want.hand
    return [hand.reason, hand.off_fen, hand.unit_price_fen] if hand else None


def _line(line: Line) -> list[Any]:
    """Sku, quantity, unit price, net, the name of a gift, and what was taken off by whom."""
    shares = [[share.source, share.source_id, share.amount_fen] for share in line.shares]
    return [line.item.sku_id, line.qty, line.unit_price_fen, line.net_fen, line.item.name if line.gift else "", shares]


def _names(priced: Quote) -> dict[str, str]:
    """By `source:id`; a gift's promotion is named by its rule, not by the goods."""
    named = {f"{step['source']}:{step['source_id']}": step["name"] for step in priced.trace if step.get("source_id")}
    return named | {f"promotion:{one['rule_id']}": one["name"] for one in priced.promotions}


def as_json(basket: Basket, priced: Quote, *, now: datetime) -> dict[str, Any]:
    """The quote as both faces show it, with its `token` and until when that is good."""
    until = now + VALID
    said = {
        "of": _identity(basket),
        "lines": [_line(line) for line in priced.lines],
        "names": _names(priced),
        "payable_fen": priced.payable_fen,
        "tier": priced.tier,
        "rules_version": priced.rules_version,
        "until_ms": epoch_ms(until),
    }
    token = _signer().dumps(said)
    return {
        **priced.as_json(),
        "token": token if isinstance(token, str) else token.decode(),
        "until_at": until.isoformat(),
    }


def opened(token: str) -> Shown:
    """What a token says; it may be of another basket, and it may be over.

    :raises QuoteForged: it was not made by `as_json` with our key.
    """
    try:
        return Shown(**_signer().loads(token))
    except (BadData, TypeError) as error:
        raise QuoteForged() from error


def check(shown: Shown, basket: Basket, priced: Quote, *, now: datetime) -> None:
    """The token belongs to this basket and is still good; `now` at its end is too late.

    :raises QuoteOfAnother, QuoteExpired: with the quote of now, and its token.
    """
    if shown.of != _identity(basket):
        raise QuoteOfAnother(quote=as_json(basket, priced, now=now))
    if epoch_ms(now) >= shown.until_ms:
        raise QuoteExpired(was_payable_fen=shown.payable_fen, quote=as_json(basket, priced, now=now))


def differences(shown: Shown, priced: Quote) -> list[dict[str, Any]]:
    """Per line that is not as it was shown: what it was and is, what no longer takes off and what newly does."""
    was, now = dict(_keyed(shown.lines)), dict(_keyed([_line(line) for line in priced.lines]))
    items = {line.item.sku_id: line.item for line in priced.lines}
    names = _names(priced)
    found = []
    for key in [*was, *(key for key in now if key not in was)]:
        before, after = was.get(key), now.get(key)
        if before == after:
            continue
        sku_id, _, _, _, gift, _ = before or after or ()
        item = items.get(sku_id)
        gone, come = _shares(before, names | dict(shown.names)), _shares(after, names)
        found.append(
            {
                "line_no": key[0] + 1,
                "sku_id": sku_id,
                "name": item.name if item else gift,
                "gift": bool(gift),
                **_figures("was_", before),
                **_figures("", after),
                "gone": [_told(one, priced) for one in gone if one not in come],
                "come": [one for one in come if one not in gone],
            }
        )
    return found


def _keyed(lines: Sequence[Sequence[Any]]) -> Iterator[tuple[tuple[int, int, int], Sequence[Any]]]:
    """The wanted lines by their place; gifts, which come after them, by sku and the promotion that gives them."""
    wanted = sum(1 for line in lines if not line[4])
    for at, line in enumerate(lines):
        yield ((wanted, line[0], line[5][0][1]) if line[4] else (at, 0, 0)), line


def _figures(prefix: str, line: Sequence[Any] | None) -> dict[str, Any]:
    qty, unit_fen, net_fen = line[1:4] if line else (0, 0, 0)
    return {f"{prefix}qty": qty, f"{prefix}unit_price_fen": unit_fen, f"{prefix}net_fen": net_fen}


def _shares(line: Sequence[Any] | None, names: Mapping[str, str]) -> list[dict[str, Any]]:
    return [
        {"source": source, "source_id": source_id, "name": names.get(f"{source}:{source_id}", ""), "off_fen": fen}
        for source, source_id, fen in (line[5] if line else ())
    ]


def _told(one: Mapping[str, Any], priced: Quote) -> dict[str, Any]:
    """With why the promotion no longer works, where the engine knows."""
    if one["source"] != "promotion":
        return dict(one)
    why = next((row for row in priced.why_not if row["rule_id"] == one["source_id"]), None)
    return {**one, "why_not": why}
