"""Members at the counter: found by phone or card, proved by their dynamic code or by a manager's word."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import g
from pydantic import Field
from sqlalchemy.orm import Session

from config.db import transaction
from config.errors import Malformed
from config.http import Form, Reply, WriteForm, blueprint, once, permit, session
from config.settings import settings
from member import cards, codes, identity, masking, merging, possession, tier_card, wallet
from pos.http import who
from pos.http.approving import ApproverForm, by_pin
from trade.orders import holder, regulars
from trade.stores import staff

bp = blueprint("member", "/api/pos", who.identify)


class SearchQuery(Form):
    """A phone, its last four digits, or a card number."""

    q: str = Field(min_length=1, max_length=40)


class JoinForm(WriteForm):
    """A new member's phone and name."""

    phone: str = Field(max_length=20)
    name: str = Field("", max_length=40)


class CodeForm(WriteForm):
    """A member code as it was scanned."""

    code: str = Field(max_length=40)


class ApproveForm(WriteForm, ApproverForm):
    """Who spends without a code, which manager says so, and why."""

    member_id: int
    reason: str = Field(min_length=2, max_length=200)


def members_json(opened: Session, found: Sequence[identity.MemberCard]) -> list[dict[str, Any]]:
    """Members as the till shows them.

    `tier_progress`: code, name_zh, name_en, growth, and `next` {code, name_zh, name_en, entry_growth, missing} or null.
    `wallet`: principal_fen, bonus_fen, total_fen, held_fen.
    """
    ids = [one.id for one in found]
    far, stored = tier_card.progress(opened, ids, now=g.now), wallet.balances(opened, ids)
    return [{**member_json(one), "tier_progress": far[one.id], "wallet": stored[one.id].as_json()} for one in found]


def member_json(found: identity.MemberCard) -> dict[str, Any]:
    """What a member's card says."""
    return {
        "id": found.id,
        "no": found.no,
        "name": found.masked_name,
        "phone": found.masked_phone,
        "tier": found.tier,
        "points": found.points,
        "pending_points": found.pending_points,
    }


def authorised(opened: Session, member_id: int | None, token: str | None, *, use: bool = False) -> bool:
    """Whether this till may spend what the member holds; with `use` the token is used up by the sale."""
    if settings().phone_may_spend:
        return True
    if member_id is None or token is None:
        return False
    ask = possession.use if use else possession.holds
    return ask(opened, token, member_id, who.till().id, now=g.now)


@bp.get("/members")
@permit("pos.sell")
@bp.input(SearchQuery, location="query")
def members(query_data: SearchQuery) -> Reply:
    """Members by phone, card, member number, or the phone's last four digits; all masked.

    By four digits a cashier finds whom this store knows, a manager everybody.  409 `card_lost`.
    """
    opened, words = session(), query_data.q
    if masking.is_tail(words) and "member.tail" not in who.me().permissions:
        known = regulars.known_by_tail(opened, who.till().store_id, words.strip(), now=g.now)
        return {"members": members_json(opened, identity.cards_of(opened, known))}, 200
    return {"members": members_json(opened, identity.search(opened, words))}, 200


@bp.get("/members/<int:member_id>/talking-points")
@permit("pos.sell")
def talking_points(member_id: int) -> Reply:
    """`{points: [{kind, n | days | name, until}]}`: what is worth a word at the counter, at most two."""
    points = regulars.talking_points(session(), member_id, who.till().store_id, now=g.now)
    return {"points": points}, 200


@bp.post("/members")
@permit("pos.sell")
@bp.input(JoinForm)
def join(json_data: JoinForm) -> Reply:
    """Find the member of a phone, or make one."""
    store_id, actor = who.till().store_id, who.me().actor

    def work(opened: Session) -> Reply:
        found = identity.join(
            opened, phone=json_data.phone, name=json_data.name, store_id=store_id, actor=actor, now=g.now
        )
        return {"member": members_json(opened, [found])[0]}, 200

    return once(json_data, work)


@bp.post("/members/code")
@permit("pos.sell")
@bp.input(CodeForm)
def show_code(json_data: CodeForm) -> Reply:
    """A scanned member code: `{member, authorisation, expires_at}`; the sale brings `authorisation` along.

    422 `member_code_misread` or `member_code_wrong`, 409 `member_code_used` with `at` and `place`, 429
    `member_code_locked` after five wrong codes at this till.
    """
    till, me = who.till(), who.me()
    tries = f"member_code:{till.id}"

    def work(opened: Session) -> Reply:
        staff.check_tries(opened, tries, codes.MemberCodeLocked, now=g.now)
        at = codes.At(till.store_id, till.id, f"{till.store_name} {till.name}")
        member_id = codes.accept(opened, json_data.code.strip(), at, now=g.now)
        token = possession.by_code(opened, member_id, till.id, actor=me.actor, now=g.now)
        return _authorised(opened, member_id, token), 200

    try:
        return once(json_data, work)
    except codes.MemberCodeWrong:
        with transaction(session()) as opened:
            staff.note_wrong(opened, tries, now=g.now)
        raise


def _authorised(opened: Session, member_id: int, token: str) -> dict[str, Any]:
    until = (g.now + possession.LIVES).isoformat()
    return {
        "member": members_json(opened, [identity.card(opened, member_id)])[0],
        "authorisation": token,
        "expires_at": until,
    }


@bp.post("/members/approve")
@permit("pos.sell")
@bp.input(ApproveForm)
def approve(json_data: ApproveForm) -> Reply:
    """A manager of this store lets a member spend without a code: `{member, authorisation, expires_at}`.

    The cashier stays signed in.  401 `wrong_pin`, 403 `not_an_approver`, 429 `pin_locked`.
    """
    till, me = who.till(), who.me()
    manager = by_pin(json_data)

    def work(opened: Session) -> Reply:
        member_id = identity.card(opened, json_data.member_id).id
        token = possession.by_manager(
            opened, member_id, till.id, asked_by=me.actor, manager=manager.actor, reason=json_data.reason, now=g.now
        )
        return _authorised(opened, member_id, token), 200

    return once(json_data.model_copy(update={"pin": ""}), work)  # not even a hash of the PIN is kept


class CardForm(WriteForm):
    """A printed card, and the lost one it replaces."""

    no: str = Field(max_length=24)
    replaces: str | None = Field(None, max_length=24)


class LoseForm(WriteForm):
    """The printed card that is lost."""

    no: str = Field(max_length=24)


@bp.post("/members/<int:member_id>/card")
@permit("pos.sell")
@bp.input(CardForm)
def bind_card(member_id: int, json_data: CardForm) -> Reply:
    """Give a printed card to a member, in place of a lost one when `replaces` names it: `{member}`.

    422 `bad_card_number`, 409 `card_taken`, `card_lost`.
    """
    actor = who.me().actor

    def work(opened: Session) -> Reply:
        found = identity.card(opened, member_id)
        if json_data.replaces:
            cards.replace(opened, member_id, json_data.replaces, json_data.no, actor=actor, now=g.now)
        else:
            cards.bind(opened, member_id, json_data.no, actor=actor, now=g.now)
        return {"member": members_json(opened, [found])[0]}, 200

    return once(json_data, work)


@bp.post("/members/<int:member_id>/card/lose")
@permit("pos.sell")
@bp.input(LoseForm)
def lose_card(member_id: int, json_data: LoseForm) -> Reply:
    """A printed card is lost: it names nobody from now on."""
    actor = who.me().actor

    def work(opened: Session) -> Reply:
        cards.lose(opened, member_id, json_data.no, actor=actor, now=g.now)
        return {}, 200

    return once(json_data, work)


class RevealForm(WriteForm):
    """Why the full phone is needed."""

    reason: str = Field(min_length=2, max_length=200)


@bp.post("/members/<int:member_id>/reveal")
@permit("member.reveal")
@bp.input(RevealForm)
def reveal(member_id: int, json_data: RevealForm) -> Reply:
    """The full phone: `{phone}`.

    Every look is a row of the journal.  The answer is stored nowhere, so a retry is another look.
    """
    with transaction(session()) as opened:
        phone = masking.reveal(opened, member_id, reason=json_data.reason, actor=who.me().actor, now=g.now)
    return {"phone": phone}, 200


class MergeForm(WriteForm):
    """The member who is the same person and will be no more."""

    source_id: int


@bp.get("/members/<int:member_id>/merges")
@permit("member.merge")
def merges(member_id: int) -> Reply:
    """`{merges: [{id, source_id, into_id, at, unmerge_until, unmerged_at}]}`, newest first."""
    return {"merges": merging.merges_of(session(), member_id)}, 200


@bp.post("/members/<int:member_id>/merge")
@permit("member.merge")
@bp.input(MergeForm)
def merge(member_id: int, json_data: MergeForm) -> Reply:
    """Make one member of two after somebody looked: `{member, merge_id}`; for 30 days it can be undone."""
    actor = who.me().actor

    def work(opened: Session) -> Reply:
        stays, goes = identity.card(opened, member_id), identity.card(opened, json_data.source_id)
        if stays.id == goes.id:
            raise Malformed(fields={"source_id": "another member"})
        merge_id = holder.merge(opened, goes.id, stays.id, actor=actor, now=g.now)
        found = identity.card(opened, stays.id)
        return {"member": members_json(opened, [found])[0], "merge_id": merge_id}, 200

    return once(json_data, work)


@bp.post("/members/merges/<int:merge_id>/undo")
@permit("member.merge")
@bp.input(WriteForm)
def unmerge(merge_id: int, json_data: WriteForm) -> Reply:
    """Make two members of one again: `{undone}`, false when that was done before.

    409 `merge_too_late`, `merge_superseded`, `merge_in_debt`, `merge_spent_across` (facts: account, short, sources).
    """
    actor = who.me().actor
    return once(json_data, lambda opened: ({"undone": holder.unmerge(opened, merge_id, actor=actor, now=g.now)}, 200))
