"""What people did comes in: through the consent gate, into the day's table, each event once.

An answer means that the events are stored in PostgreSQL, or, while that is away, in a Redis that writes its log
(`recommend/bridge.py`); where neither holds them the caller is told so, and the client keeps its batch.  A client's
event id is made once and its moment never changes, so whatever is sent again is known again.
"""

from __future__ import annotations

import json
import re
import unicodedata
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import psycopg
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from sqlalchemy import text
from sqlalchemy.orm import Session

from config.clock import business_day, epoch_ms
from config.db import fetch, first, transaction
from config.errors import Refused
from member import consent
from recommend import partitions
from recommend.definitions import CLIENT, CLOCK_OFF, LATE, LONGEST_LOOK, PURPOSE


class NotAgreed(Refused):
    """Nobody here agreed to have this recorded: the client forgets what it holds and asks before it sends again."""

    code = "behaviour_not_agreed"


class ClockDiffers(Refused):
    """The client's clock is too far from ours; `now_ms` is ours.  Nothing was taken: set it right and send again."""

    code = "clock_differs"


Name = Annotated[str, Field(max_length=60, pattern=r"^[0-9A-Za-z_./-]+$")]
Page = Annotated[str, Field(max_length=60, pattern=r"^[a-z0-9_/-]+$")]
Count = Annotated[int, Field(ge=0, le=10**9)]
Key = Annotated[int, Field(ge=1, le=2**62)]


class Event(BaseModel):
    """One event of a client; which fields it fills follows from its `kind`.

    `page` and `from_page` are routes without their parameters; `active_ms` is foreground time.
    """

    model_config = ConfigDict(extra="forbid")

    id: UUID
    kind: Literal[CLIENT]  # type: ignore[valid-type]
    at: AwareDatetime
    visit_id: UUID
    store_id: Key | None = None
    page: Page | None = None
    from_page: Page | None = None
    product_id: Key | None = None
    sku_id: Key | None = None
    slot: Name | None = None
    position: Count | None = None
    model: Name | None = None
    shown_id: UUID | None = None
    keyword: Annotated[str, Field(max_length=80)] | None = None
    results: Count | None = None
    rank: Count | None = None
    active_ms: Count | None = None
    qty: Annotated[int, Field(ge=-(10**9), le=10**9)] | None = None
    step: Name | None = None
    scene: Name | None = None
    campaign: Name | None = None


_EVENT = TypeAdapter(Event)


@dataclass(frozen=True, slots=True)
class Sender:
    """Who sends: the device's own number, the member if one is signed in, and what the device says was agreed to."""

    anon_id: UUID
    member_id: int | None
    consent_version: str | None
    app_version: str | None


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a batch: `stored` anew, `known` before, and what could not be taken, by reason."""

    stored: int
    known: int
    dropped: dict[str, int]


_IDENTITY = re.compile(r"(?<!\d)(?:\+?86[\s-]?)?1[3-9]\d(?:[\s-]?\d{4}){2}(?!\d)|\d{15,19}[Xx]?|\S+@\S+")


def plain_keyword(words: str) -> str:
    """A keyword as it is counted: one width, one case, single spaces, at most 40 letters, and nobody's identity.

    Phone numbers, e-mail addresses, identity and bank card numbers become `***`; bar codes (8, 12 to 14 digits) stay.
    """
    known = unicodedata.normalize("NFKC", words)
    return " ".join(_IDENTITY.sub("***", known).casefold().split())[:40]


def check_clock(sent_at: datetime, *, now: datetime) -> None:
    """Refuse a client whose clock is off, before any of its events has a moment that never changes again.

    :raises ClockDiffers: by more than CLOCK_OFF.
    """
    if abs(sent_at - now) > CLOCK_OFF:
        raise ClockDiffers(now_ms=epoch_ms(now))


def read(given: list[dict[str, Any]], *, now: datetime) -> tuple[list[dict[str, Any]], dict[str, int]]:
    """The events that can be taken, as rows, and why others cannot: `malformed`, `late` (LATE), `ahead` (CLOCK_OFF).

    One bad event does not hold up the others: it would come again for ever.
    """
    rows: list[dict[str, Any]] = []
    dropped: dict[str, int] = {}
    for one in given:
        try:
            event = _EVENT.validate_python(one)
        except ValidationError:
            dropped["malformed"] = dropped.get("malformed", 0) + 1
            continue
        if not now - LATE <= event.at <= now + CLOCK_OFF:
            why = "late" if event.at < now else "ahead"
            dropped[why] = dropped.get(why, 0) + 1
            continue
        row = event.model_dump(mode="json", exclude_none=True)
        row["day"] = business_day(event.at).isoformat()
        if event.keyword is not None:
            row["keyword"] = plain_keyword(event.keyword)
        if event.active_ms is not None:
            row["active_ms"] = min(event.active_ms, int(LONGEST_LOOK.total_seconds() * 1000))
        rows.append(row)
    return rows, dropped


COLUMNS = (
    "visit_id", "store_id", "page", "from_page", "product_id", "sku_id", "slot", "position", "model", "shown_id",
    "keyword", "results", "rank", "active_ms", "qty", "step", "scene", "campaign",
)  # fmt: skip

_PUT = text(f"""
    WITH given AS MATERIALIZED (
        SELECT * FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS one(
            day date, id uuid, kind text, at timestamptz, visit_id uuid, store_id bigint, page text, from_page text,
            product_id bigint, sku_id bigint, slot text, position bigint, model text, shown_id uuid, keyword text,
            results bigint, rank bigint, active_ms bigint, qty bigint, step text, scene text, campaign text)),
    put AS (
        INSERT INTO behaviour_event (day, id, kind, at, received_at, anon_id, member_id, app_version, consent_version,
                                     {", ".join(COLUMNS)})
        SELECT day, id, kind, at, CAST(:now AS timestamptz), CAST(:anon AS uuid), CAST(:member AS bigint),
               CAST(:app AS text), CAST(:consent AS text), {", ".join(COLUMNS)} FROM given ORDER BY day, id
        ON CONFLICT (day, id) DO NOTHING RETURNING day, id),
    owed AS (
        INSERT INTO behaviour_owed (day, events, visits) SELECT day, array_agg(id), '{{}}' FROM put GROUP BY day)
    SELECT count(*) AS stored FROM put""")


def take(session: Session, sender: Sender, given: list[dict[str, Any]], *, now: datetime) -> Taken:
    """Store a batch, its events once each however often they come, and note that they are to be counted.

    One statement that commits itself: the day's table, the ids that are new, and what is owed to the counts.
    `now` is when the batch reached us.  The first batch of a device with a member joins the guest's history to them.

    :raises NotAgreed: the member, or the guest of this device, did not say yes to the text in force.
    :raises OperationalError: the database is away; some of it may be stored, and may be sent again.
    """
    version = agreed(session, sender)
    rows, dropped = read(given, now=now)
    if not rows:
        return Taken(0, 0, dropped)
    put = {"rows": json.dumps(rows, ensure_ascii=False), "now": now, "anon": sender.anon_id, "member": sender.member_id}
    put |= {"app": sender.app_version, "consent": version}
    try:
        stored = fetch(session, _PUT, put)[0].stored
    except psycopg.errors.CheckViolation:  # the schedule did not run for a week: the day has no table
        with transaction(session):
            partitions.ensure(session, {date.fromisoformat(row["day"]) for row in rows})
        stored = fetch(session, _PUT, put)[0].stored
    if sender.member_id is not None:
        join(session, sender.anon_id, sender.member_id, now=now)
    return Taken(stored, len(rows) - stored, dropped)


def agreed(session: Session, sender: Sender) -> str:
    """The version of the text that was agreed to; a member's answer is ours to know, a guest's is on their device."""
    asked = consent.PURPOSES[PURPOSE].version
    if sender.member_id is not None:
        if not consent.allows(session, sender.member_id, PURPOSE):
            raise NotAgreed()
        return asked
    if sender.consent_version != asked:
        raise NotAgreed()
    return asked


_KNOWN = text("SELECT 1 FROM behaviour_device WHERE anon_id = :anon AND member_id = :member")
_MEET = text(
    "INSERT INTO behaviour_device (anon_id, member_id, at) VALUES (:anon, :member, :now)"
    " ON CONFLICT DO NOTHING RETURNING 1"
)
_JOIN = text("""
    WITH mine AS (UPDATE behaviour_event SET member_id = :member WHERE anon_id = :anon AND member_id IS NULL
                  RETURNING day, visit_id)
    INSERT INTO behaviour_owed (day, events, visits)
    SELECT day, '{}', array_agg(DISTINCT visit_id) FROM mine WHERE visit_id IS NOT NULL GROUP BY day""")


def join(session: Session, anon_id: UUID, member_id: int, *, now: datetime) -> bool:
    """A guest turned out to be this member, who agreed: what the device told before is theirs; once for each pair.

    What is joined already stays with whom it is: a device makes itself a new number when somebody signs out.
    """
    given: dict[str, Any] = {"anon": anon_id, "member": member_id, "now": now}
    if first(session, _KNOWN, given):
        return False
    with transaction(session):
        if not first(session, _MEET, given):
            return False
        fetch(session, _JOIN, given)
    return True


_MERGE = text("""
    WITH mine AS (UPDATE behaviour_event SET member_id = :into WHERE member_id = :source RETURNING day, visit_id)
    INSERT INTO behaviour_owed (day, events, visits)
    SELECT day, '{}', array_agg(DISTINCT visit_id) FROM mine WHERE visit_id IS NOT NULL GROUP BY day""")
_MERGE_DEVICES = text("""
    WITH gone AS (DELETE FROM behaviour_device WHERE member_id = :source RETURNING anon_id, at)
    INSERT INTO behaviour_device (anon_id, member_id, at) SELECT anon_id, :into, at FROM gone ON CONFLICT DO NOTHING""")


def follow_merge(session: Session, source_id: int, into_id: int) -> None:
    """Two members became one: what is recorded of the one is the other's.  In a transaction."""
    fetch(session, _MERGE, {"source": source_id, "into": into_id})
    fetch(session, _MERGE_DEVICES, {"source": source_id, "into": into_id})
