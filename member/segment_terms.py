"""The words of a segment and the SQL they mean.  A definition is JSON, typed here; nobody writes SQL.

    {"all": [{"kind": "tier", "codes": ["gold"]},
             {"not": {"kind": "bought", "category_ids": [3], "within_days": 30}}]}

A condition that has nothing to look at (who never bought has no last purchase) is false, and `not` of it is true.
Days are 24 hours back from the moment of asking; `min` and `max` are both included.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, ValidationError, model_validator

from config.errors import Refused

MOST_CONDITIONS, DEEPEST = 30, 5
Ids = Annotated[list[Annotated[int, Field(gt=0)]], Field(min_length=1, max_length=200)]
Days = Annotated[int, Field(ge=1, le=3660)]
Count = Annotated[int, Field(ge=0, le=10**15)]
Scores = Annotated[list[Annotated[int, Field(ge=1, le=5)]], Field(min_length=1, max_length=5)]


class BadSegment(Refused):
    """The definition of a segment cannot be understood; `where` says which part."""

    code, status = "bad_segment", 422


class Given:
    """The parameters of one statement, named as they come."""

    def __init__(self) -> None:
        self.values: dict[str, Any] = {}

    def take(self, value: Any, kind: str = "bigint") -> str:
        """A typed place for a value in the statement."""
        name = f"p{len(self.values)}"
        self.values[name] = value
        return f"CAST(:{name} AS {kind})"

    def ago(self, days: int) -> str:
        """The moment so many days before now."""
        return f"CAST(:now AS timestamptz) - {self.take(days)} * interval '1 day'"


class Word(BaseModel):
    """One condition.  Unknown fields are refused, so that a typing error is seen."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    def sql(self, given: Given) -> str:
        """The condition over `member m`."""
        raise NotImplementedError


class Range(Word):
    """A figure between two bounds, of which one may be open."""

    min: Count | None = None
    max: Count | None = None

    @model_validator(mode="after")
    def _sound(self) -> Self:
        if self.min is None and self.max is None:
            raise ValueError("min or max is needed")
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError("min is above max")
        return self

    def within(self, figure: str, given: Given) -> str:
        """Whether a figure lies between the bounds."""
        parts = []
        if self.min is not None:
            parts.append(f"{figure} >= {given.take(self.min)}")
        if self.max is not None:
            parts.append(f"{figure} <= {given.take(self.max)}")
        return " AND ".join(parts)


class Tier(Word):
    """Members of these tiers."""

    kind: Literal["tier"]
    codes: Annotated[list[str], Field(min_length=1, max_length=20)]

    def sql(self, given: Given) -> str:
        """See Word."""
        return f"m.tier = ANY({given.take(self.codes, 'text[]')})"


class HomeStore(Word):
    """Members who joined in these stores."""

    kind: Literal["home_store"]
    store_ids: Ids

    def sql(self, given: Given) -> str:
        """See Word."""
        return f"m.home_store_id = ANY({given.take(self.store_ids, 'bigint[]')})"


class Joined(Range):
    """Members for so many whole days."""

    kind: Literal["joined"]

    def sql(self, given: Given) -> str:
        """See Word."""
        return self.within("floor(extract(epoch FROM CAST(:now AS timestamptz) - m.created_at) / 86400)", given)


_KEPT = "FROM member_purchase p WHERE p.member_id = m.id AND p.kept_fen > 0 AND p.at <= CAST(:now AS timestamptz)"


class Recency(Range):
    """So many whole days since the last purchase of which something was kept."""

    kind: Literal["recency"]

    def sql(self, given: Given) -> str:
        """See Word."""
        last = f"(SELECT max(p.at) {_KEPT})"
        return self.within(f"floor(extract(epoch FROM CAST(:now AS timestamptz) - {last}) / 86400)", given)


class Frequency(Range):
    """So many purchases within some days; at these stores or in this channel, when given."""

    kind: Literal["frequency"]
    within_days: Days
    store_ids: Ids | None = None
    channel: Literal["till", "mall"] | None = None

    def sql(self, given: Given) -> str:
        """See Word."""
        return self.within(
            f"(SELECT count(*) {_KEPT} AND p.at > {given.ago(self.within_days)}{self._at(given)})", given
        )

    def _at(self, given: Given) -> str:
        where = f" AND p.store_id = ANY({given.take(self.store_ids, 'bigint[]')})" if self.store_ids else ""
        return where + (f" AND p.channel = {given.take(self.channel, 'text')}" if self.channel else "")


class Monetary(Range):
    """So many fen kept within some days."""

    kind: Literal["monetary"]
    within_days: Days

    def sql(self, given: Given) -> str:
        """See Word."""
        spent = f"(SELECT coalesce(sum(p.kept_fen), 0) {_KEPT} AND p.at > {given.ago(self.within_days)})"
        return self.within(spent, given)


class Bought(Word):
    """At least `min` purchases with one of these goods, or of these kinds, within some days."""

    kind: Literal["bought"]
    sku_ids: Ids | None = None
    category_ids: Ids | None = None
    within_days: Days
    min: Annotated[int, Field(ge=1, le=1000)] = 1

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.sku_ids is None) == (self.category_ids is None):
            raise ValueError("either sku_ids or category_ids")
        return self

    def sql(self, given: Given) -> str:
        """See Word."""
        column = "sku_ids" if self.sku_ids else "category_ids"
        ids = given.take(self.sku_ids or self.category_ids, "bigint[]")
        found = f"(SELECT count(*) {_KEPT} AND p.at > {given.ago(self.within_days)} AND p.{column} && {ids})"
        return f"{found} >= {given.take(self.min)}"


class Visited(Range):
    """On so many of the last business days the mini-mall was opened or a store was visited, bought or not."""

    kind: Literal["visited"]
    within_days: Days

    def sql(self, given: Given) -> str:
        """See Word."""
        since = f"(({given.ago(self.within_days)}) AT TIME ZONE 'Asia/Shanghai')::date"
        until = "(CAST(:now AS timestamptz) AT TIME ZONE 'Asia/Shanghai')::date"
        days = f"SELECT count(DISTINCT v.day) FROM member_visit v WHERE v.member_id = m.id AND v.day > {since}"
        return self.within(f"({days} AND v.day <= {until})", given)


class Points(Range):
    """So many points to spend."""

    kind: Literal["points"]

    def sql(self, given: Given) -> str:
        """See Word."""
        held = "(SELECT a.balance FROM lot_account a WHERE a.member_id = m.id AND a.account = 'points')"
        return self.within(f"coalesce({held}, 0)", given)


class Coupon(Word):
    """Members who have a coupon of these offers in one of these states; one that is `issued` must still be valid."""

    kind: Literal["coupon"]
    template_ids: Ids
    states: Annotated[list[Literal["issued", "locked", "used", "expired"]], Field(min_length=1)] = ["issued"]

    def sql(self, given: Given) -> str:
        """See Word."""
        offers, states = given.take(self.template_ids, "bigint[]"), given.take(self.states, "text[]")
        return (
            f"EXISTS (SELECT FROM coupon c WHERE c.member_id = m.id AND c.template_id = ANY({offers})"
            f" AND c.state = ANY({states}) AND (c.state <> 'issued' OR c.valid_until_at > CAST(:now AS timestamptz)))"
        )


class RfmScores(Word):
    """Buyers of the year with one of these scores in each measure that is given (see `member/rfm.py`)."""

    kind: Literal["rfm"]
    r: Scores | None = None
    f: Scores | None = None
    m: Scores | None = None

    @model_validator(mode="after")
    def _some(self) -> Self:
        if self.r is None and self.f is None and self.m is None:
            raise ValueError("r, f or m is needed")
        return self

    def sql(self, given: Given) -> str:
        """See Word."""
        asked = [(name, scores) for name, scores in (("r", self.r), ("f", self.f), ("m", self.m)) if scores]
        parts = "".join(f" AND s.{name} = ANY({given.take(scores, 'bigint[]')})" for name, scores in asked)
        return f"EXISTS (SELECT FROM member_rfm s WHERE s.member_id = m.id{parts})"


class All(Word):
    """Every one of these."""

    all: Annotated[list[Node], Field(min_length=1, max_length=MOST_CONDITIONS)]

    def sql(self, given: Given) -> str:
        """See Word."""
        return " AND ".join(f"coalesce({part.sql(given)}, false)" for part in self.all)


class Any_(Word):
    """At least one of these."""

    any: Annotated[list[Node], Field(min_length=1, max_length=MOST_CONDITIONS)]

    def sql(self, given: Given) -> str:
        """See Word."""
        return "(" + " OR ".join(f"coalesce({part.sql(given)}, false)" for part in self.any) + ")"


class Not(Word):
    """Those of whom this is not so."""

    not_: Node = Field(alias="not")

    def sql(self, given: Given) -> str:
        """See Word."""
        return f"NOT coalesce({self.not_.sql(given)}, false)"


def _which(raw: Any) -> str | None:
    """Which word a piece of JSON (or a word already understood) is."""
    if isinstance(raw, Word):
        return str(getattr(raw, "kind", {All: "all", Any_: "any", Not: "not"}.get(type(raw))))
    if not isinstance(raw, dict):
        return None
    return next((name for name in ("all", "any", "not") if name in raw), str(raw.get("kind")))


Node = Annotated[
    Annotated[Tier, Tag("tier")]
    | Annotated[HomeStore, Tag("home_store")]
    | Annotated[Joined, Tag("joined")]
    | Annotated[Recency, Tag("recency")]
    | Annotated[Frequency, Tag("frequency")]
    | Annotated[Monetary, Tag("monetary")]
    | Annotated[Bought, Tag("bought")]
    | Annotated[Visited, Tag("visited")]
    | Annotated[Points, Tag("points")]
    | Annotated[Coupon, Tag("coupon")]
    | Annotated[RfmScores, Tag("rfm")]
    | Annotated[All, Tag("all")]
    | Annotated[Any_, Tag("any")]
    | Annotated[Not, Tag("not")],
    Discriminator(_which),
]


class Definition(BaseModel):
    """A whole definition: one node."""

    model_config = ConfigDict(extra="forbid", strict=True)
    root: Node


for _word in (All, Any_, Not, Definition):
    _word.model_rebuild()


def understood(definition: dict[str, Any]) -> Node:
    """The definition, typed; raises BadSegment with the place of what is wrong."""
    try:
        node = Definition(root=definition).root  # type: ignore[arg-type]
    except ValidationError as error:
        first = error.errors()[0]
        raise BadSegment(where=".".join(str(part) for part in first["loc"][1:]), said=first["msg"]) from error
    count, depth = _size(node)
    if count > MOST_CONDITIONS or depth > DEEPEST:
        raise BadSegment(where="", said=f"at most {MOST_CONDITIONS} conditions, {DEEPEST} deep")
    return node


def _size(node: Node) -> tuple[int, int]:
    if isinstance(node, All | Any_):
        parts = [_size(part) for part in (node.all if isinstance(node, All) else node.any)]
        return sum(count for count, _ in parts), 1 + max(depth for _, depth in parts)
    if isinstance(node, Not):
        count, depth = _size(node.not_)
        return count, depth + 1
    return 1, 1


def compiled(definition: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """One SELECT of the members a definition means, and its parameters but for `:now`."""
    given = Given()
    where = understood(definition).sql(given)
    return f"SELECT m.id FROM member m WHERE m.merged_into_id IS NULL AND coalesce({where}, false)", given.values
