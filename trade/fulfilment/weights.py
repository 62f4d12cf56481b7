"""What the head office sets about routing: the order of the scores, what parcels cost, how long work takes.  Pure."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Mode = Literal["pickup", "delivery", "ship"]
Score = Literal["late", "away", "cost_fen", "keep", "load", "rejects"]
Count = Annotated[int, Field(ge=0, le=1_000_000)]
PerMode = dict[Mode, Count]


class Tier(BaseModel):
    """Scores that count together, each times its weight; sums are compared in whole steps."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    scores: dict[Score, Annotated[int, Field(ge=1, le=1000)]] = Field(min_length=1)
    step: int = Field(1, ge=1, le=1_000_000)


def _tiers(*names: Score) -> tuple[Tier, ...]:
    return tuple(Tier(scores={name: 1}, step=100 if name == "cost_fen" else 1) for name in names)


class Weights(BaseModel):
    """`DECISIONS.md` says what each figure does; by mode where a mode has its own.

    `tiers` is the order of the scores for a first routing, `rerouted` for one after a store refused.  Fewest parcels
    always comes first: it is what the search looks for.  `hops` stores are asked in all; then, or where none can, the
    customer is asked for `ask_minutes`, and may say `wait`, which is `wait_minutes` more.

    A store has `cancel_minutes` to say no to a customer who cancels while it picks, a customer `substitute_minutes` to
    agree to something else.  What nobody fetches is reminded of after each of `remind_hours`, missed after
    `no_show_hours`, and refunded and back on the shelf after `put_back_hours` more.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    tiers: tuple[Tier, ...] = Field(_tiers("late", "away", "cost_fen", "keep", "load"), max_length=6)
    rerouted: tuple[Tier, ...] = Field(_tiers("late", "cost_fen", "rejects", "away", "keep", "load"), max_length=6)
    parcel_fen: PerMode = {"pickup": 0, "delivery": 500, "ship": 800}
    fen_per_km: PerMode = {"pickup": 0, "delivery": 100, "ship": 1}
    order_minutes: PerMode = {"pickup": 3, "delivery": 4, "ship": 6}
    line_minutes: PerMode = {"pickup": 1, "delivery": 1, "ship": 1}
    horizon_minutes: PerMode = {"pickup": 240, "delivery": 60, "ship": 720}
    metres_per_minute: int = Field(250, ge=1, le=10_000)
    most_parcels: int = Field(4, ge=1, le=8)
    apart: frozenset[Mode] = frozenset({"ship"})
    hops: int = Field(3, ge=1, le=10)
    ask_minutes: int = Field(30, ge=1, le=7 * 24 * 60)
    wait_minutes: int = Field(24 * 60, ge=1, le=14 * 24 * 60)
    cancel_minutes: int = Field(3, ge=1, le=60)
    substitute_minutes: int = Field(3, ge=1, le=60)
    remind_hours: tuple[Count, Count] = (24, 72)
    no_show_hours: int = Field(96, ge=1, le=60 * 24)
    put_back_hours: int = Field(24, ge=0, le=60 * 24)
