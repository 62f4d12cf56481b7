"""The order centre: held orders and exceptions, for the store that has them and for the head office."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

from flask import Response, g
from pydantic import Field
from sqlalchemy.orm import Session

from config.http import Form, Reply, WriteForm, blueprint, once, permit, session, unless_known
from pos.http import who
from trade.exceptions import cases
from trade.orders import centre, remedies
from trade.orders.review import deciding, judging, metrics, rules

bp = blueprint("centre", "/api/desk/centre", who.identify)

Queue = Literal["", "review", "exceptions", "unrouted", "overdue", "refunds", "frozen"]


class ItemsQuery(Form):
    """A queue or all, further filters, and `after` from the page before."""

    queue: Queue = ""
    kind: str | None = Field(None, max_length=40)
    store_id: int | None = None
    mine: bool = False
    after: str | None = Field(None, pattern=r"^\d{4}-\d\d-\d\dT[\d:.]+\+00:00\|[a-z0-9-]{6,40}$")
    most: int = Field(centre.PAGE, ge=1, le=200)


class TakeForm(WriteForm):
    """`over` takes it from the colleague who has it."""

    over: bool = False


class NoteForm(WriteForm):
    """Words for whoever looks next, or why it is closed."""

    note: str = Field(min_length=1, max_length=500)


class RemedyForm(WriteForm):
    """Which remedy, with what it `needs`."""

    remedy: str = Field(max_length=40)
    note: str = Field("", max_length=500)
    given: dict[str, int | str] = Field(default_factory=dict, max_length=10)


class ReleaseForm(WriteForm):
    """Held orders that may all go on, by ref."""

    refs: list[str] = Field(min_length=1, max_length=100)
    note: str = Field("", max_length=500)


class RulesForm(WriteForm):
    """The rules of review as `trade/orders/review/rules.py` has them; what is left out is as the product comes."""

    rules: dict[str, Any]


def _desk() -> int | None:
    """Whose desk it is: one's own store, or None for the head office."""
    return who.me().store_id


@bp.get("")
@permit("centre.read")
def overview() -> Response:
    """Queues `[{queue, count, money_fen, oldest_at, overdue}]`, exceptions by kind, how much passes review by itself,
    what WeChat keeps, and when the last order came; 304 while nothing changed.
    """
    store_id = _desk()
    shown = centre.overview(session(), store_id=store_id, now=g.now)
    return unless_known(shown | {"review": metrics.rate(session(), store_id=store_id, now=g.now)})


@bp.get("/items")
@permit("centre.read")
@bp.input(ItemsQuery, location="query")
def items(query_data: ItemsQuery) -> Response:
    """What waits, the soonest due first: `{"items": [...], "after": cursor or ""}`; 304 while nothing changed."""
    wanted = query_data
    asked = centre.Asked(
        wanted.queue, wanted.kind, wanted.store_id, who.me().actor if wanted.mine else None, wanted.after, wanted.most
    )
    found, after = centre.listed(session(), asked, store_id=_desk(), now=g.now)
    return unless_known({"items": found, "after": after})


def _shown(opened: Session, ref: str) -> dict[str, Any]:
    me = who.me()
    item = centre.row(opened, ref, store_id=me.store_id)
    ways = remedies.described(opened, item, me.permissions, now=g.now)
    return {"item": centre.one(opened, ref, store_id=me.store_id) | {"remedies": ways}}


@bp.get("/items/<ref>")
@permit("centre.read")
def item(ref: str) -> Reply:
    """One item with its order, history and `remedies: [{name, needs, grave, choices}]`: only those legal now."""
    return _shown(session(), ref), 200


def _write(form: WriteForm, ref: str, work: Callable[[Session, Any, str], None]) -> Reply:
    """One write to one item of one's own desk; answers the item as it stands then."""
    me = who.me()

    def do(opened: Session) -> Reply:
        work(opened, centre.row(opened, ref, store_id=me.store_id), me.actor)
        return _shown(opened, ref), 200

    return once(form, do)


@bp.post("/items/<ref>/take")
@permit("centre.read")
@bp.input(TakeForm)
def take(ref: str, json_data: TakeForm) -> Reply:
    """Answer for it from now on; 409 `exception_taken` names the colleague, whom `over` takes it from."""

    def work(opened: Session, found: Any, actor: str) -> None:
        given: dict[str, Any] = {"over": json_data.over, "actor": actor, "now": g.now}
        if found.type == "hold":
            deciding.take(opened, found.store_id, found.order_id, **given)
        else:
            cases.take(opened, found.case_id, **given)

    return _write(json_data, ref, work)


@bp.post("/items/<ref>/note")
@permit("centre.read")
@bp.input(NoteForm)
def note(ref: str, json_data: NoteForm) -> Reply:
    """Write something beside it, kept in its history."""

    def work(opened: Session, found: Any, actor: str) -> None:
        if found.type == "hold":
            deciding.note(opened, found.order_id, json_data.note, actor=actor, now=g.now)
        else:
            cases.note(opened, found.case_id, json_data.note, actor=actor, now=g.now)

    return _write(json_data, ref, work)


@bp.post("/items/<ref>/resolve")
@permit("centre.decide")
@bp.input(NoteForm)
def resolve(ref: str, json_data: NoteForm) -> Reply:
    """Close an exception with an explanation; one whose fault is still there is opened anew.  A hold is decided by a
    remedy instead (409 `no_such_remedy`).
    """

    def work(opened: Session, found: Any, actor: str) -> None:
        if found.type == "hold":
            raise remedies.NoSuchRemedy(remedy="resolve", legal=list(remedies.OF_A_HOLD), lacking=[])
        cases.resolve(opened, found.case_id, json_data.note, actor=actor, now=g.now)

    return _write(json_data, ref, work)


@bp.post("/items/<ref>/remedy")
@permit("centre.decide")
@bp.input(RemedyForm)
def remedy(ref: str, json_data: RemedyForm) -> Reply:
    """Do one of its `remedies`; 409 `no_such_remedy` names what is legal now; and what the remedy refuses."""
    permissions = who.me().permissions

    def work(opened: Session, found: Any, actor: str) -> None:
        step = remedies.Step(opened, found, json_data.note, json_data.given, actor, g.now)
        remedies.apply(json_data.remedy, step, permissions)

    return _write(json_data, ref, work)


@bp.post("/release")
@permit("centre.decide")
@bp.input(ReleaseForm)
def release(json_data: ReleaseForm) -> Reply:
    """Let many held orders go on: `{"done": {ref: code}}`, the code empty or why one stayed."""
    me = who.me()
    by = remedies.Person(me.store_id, me.permissions, me.actor)

    def do(opened: Session) -> Reply:
        return {"done": remedies.release_all(opened, json_data.refs, json_data.note, by=by, now=g.now)}, 200

    return once(json_data, do)


@bp.get("/rules")
@permit("centre.read")
def rules_in_force() -> Reply:
    """The rules of review: `{"rules": {...}}`."""
    return {"rules": rules.vars_of(judging.terms(session()))}, 200


@bp.post("/rules")
@permit("centre.chain")
@bp.input(RulesForm)
def settle_rules(json_data: RulesForm) -> Reply:
    """Change the rules for what is judged from now on; 422 `review_terms_not_sound` with a sentence for each fault."""
    new = rules.understood(json_data.rules)

    def do(opened: Session) -> Reply:
        judging.settle(opened, new, actor=who.me().actor, now=g.now)
        return {"rules": rules.vars_of(new)}, 200

    return once(json_data, do)
