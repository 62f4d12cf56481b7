"""Stored value (储值) on the lot ledger: principal and bonus, put in, held, spent, given back (rules 3.5).

A wallet is two accounts of the ledger, in fen, whose lots are top-ups and never expire; a lot `blind:<store>:<id>` is
what goods without a receipt were worth, and that store bears it.  Every step touches both at
once: it locks their rows in one order, then writes entries, lots, sums and who owes whom in one statement, so a
payment is at most three statements.  Every step has a key: a repeat changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config.db import fetch
from member.ledger import LedgerKeyReused
from member.wallet_terms import Split, WalletShort

PRINCIPAL, BONUS = "stored_principal", "stored_bonus"
ACCOUNTS = [BONUS, PRINCIPAL]


@dataclass(frozen=True, slots=True)
class Deed:
    """One fact of a wallet: whose, what happened, for which source, under which key; where, and by which document."""

    member_id: int
    event: str
    source: str
    key: str
    actor: str
    now: datetime
    store_id: int = 0
    document: str = ""


@dataclass(frozen=True, slots=True)
class Balance:
    """What a member has, and what is promised to unpaid orders."""

    have: Split
    held: Split

    def as_json(self) -> dict[str, int]:
        """As both faces show it."""
        return {
            "principal_fen": self.have.principal_fen,
            "bonus_fen": self.have.bonus_fen,
            "total_fen": self.have.total_fen,
            "held_fen": self.held.total_fen,
        }


_SUMS = (
    "SELECT member_id, account, balance, held FROM lot_account"
    " WHERE member_id = ANY(:members) AND account = ANY(:accounts)"
)
_BALANCES = text(_SUMS)
_LOCK = text(_SUMS + " ORDER BY account FOR NO KEY UPDATE")
_POSTED = text(
    "SELECT account, event, quantity FROM lot_entry"
    " WHERE member_id = :member AND account = ANY(:accounts) AND key = :key"
)

_ENTRY = """
    WITH asked AS (SELECT a.account, a.quantity
        FROM unnest(CAST(:accounts AS text[]), CAST(:quantities AS bigint[])) AS a(account, quantity)
        WHERE a.quantity > 0 ORDER BY a.account),
    entry AS (INSERT INTO lot_entry (member_id, account, event, quantity, pending, source, key, actor, at)
        SELECT :member, asked.account, :event, asked.quantity * :sign, 0, :source, :key, :actor, :now FROM asked
        ON CONFLICT (member_id, account, key) DO NOTHING RETURNING id, account),
    told AS (INSERT INTO journal (kind, subject, actor, at, data, tries, done_at)
        SELECT 'wallet.' || CAST(:event AS text), 'member:' || CAST(:member AS text), :actor, :now,
            jsonb_build_object('quantity', sum(asked.quantity)::bigint * :sign, 'source', CAST(:source AS text)),
            0, :now
        FROM asked JOIN entry USING (account) HAVING count(*) > 0),"""
_SUMMED = """
    summed AS (UPDATE lot_account a
        SET balance = a.balance + asked.quantity * :sign, held = a.held + asked.quantity * :held
        FROM asked JOIN entry USING (account) WHERE a.member_id = :member AND a.account = asked.account)"""
_DUE = """
    due AS (INSERT INTO wallet_due (member_id, entry_id, lot_id, account, bearer, topped_store_id, spent_store_id,
            source, document, used_fen, at)
        SELECT :member, parts.entry_id, lot.id, parts.account,
            coalesce(top_up.bearer, CASE WHEN lot.source LIKE 'blind:%' THEN 'topping' ELSE 'hq' END),
            coalesce(top_up.store_id, CASE WHEN lot.source LIKE 'blind:%'
                THEN CAST(split_part(lot.source, ':', 2) AS bigint) ELSE 0 END),
            :store, :source, :document, parts.part * :due, :now
        FROM parts JOIN lot ON lot.member_id = :member AND lot.id = parts.lot_id LEFT JOIN top_up
            ON lot.source = 'top_up:' || top_up.store_id || ':' || top_up.id AND top_up.member_id = :member
        WHERE CAST(:due AS bigint) <> 0)"""

_CREDIT = text(
    _ENTRY
    + """
    opened AS (INSERT INTO lot_account (member_id, account, balance, pending, held, deficit)
        SELECT :member, asked.account, asked.quantity, 0, 0, 0 FROM asked JOIN entry USING (account) ORDER BY 2
        ON CONFLICT (member_id, account) DO UPDATE SET balance = lot_account.balance + EXCLUDED.balance),
    made AS (INSERT INTO lot (member_id, account, source, initial, remaining, state, expires_at, origin_member_id)
        SELECT :member, account, :source, quantity, quantity, 'available', NULL, :member
        FROM asked JOIN entry USING (account))
    SELECT account, quantity AS part FROM asked JOIN entry USING (account)"""
)
_TAKE = text(
    _ENTRY
    + """
    found AS (SELECT id, account, remaining, sum(remaining) OVER (PARTITION BY account ORDER BY id)::bigint AS upto
        FROM lot WHERE member_id = :member AND account = ANY(:accounts) AND state = 'available' AND remaining > 0
          AND (CAST(:only AS text) IS NULL OR source = :only)),
    parts AS (SELECT entry.id AS entry_id, entry.account, found.id AS lot_id,
            least(found.remaining, asked.quantity - (found.upto - found.remaining)) AS part
        FROM found JOIN asked USING (account) JOIN entry USING (account)
        WHERE found.upto - found.remaining < asked.quantity),
    changed AS (UPDATE lot SET remaining = remaining - parts.part FROM parts
        WHERE lot.member_id = :member AND lot.id = parts.lot_id),
    used AS (INSERT INTO lot_consumption (member_id, entry_id, lot_id, quantity, restored)
        SELECT :member, entry_id, lot_id, part, 0 FROM parts),"""
    + _DUE
    + ","
    + _SUMMED
    + "SELECT account, part FROM parts"
)
_GIVE_BACK = text(
    _ENTRY
    + """
    found AS (SELECT c.entry_id, c.lot_id, took.account, c.quantity - c.restored AS out,
            sum(c.quantity - c.restored) OVER (PARTITION BY took.account
                ORDER BY c.lot_id DESC, c.entry_id DESC)::bigint AS upto
        FROM lot_entry took JOIN lot_consumption c ON c.member_id = took.member_id AND c.entry_id = took.id
        WHERE took.member_id = :member AND took.account = ANY(:accounts) AND took.source = :of
          AND took.event IN ('hold', 'spend') AND c.quantity > c.restored),
    parts AS (SELECT entry.id AS entry_id, entry.account, found.lot_id, found.entry_id AS took_id,
            least(found.out, asked.quantity - (found.upto - found.out)) AS part
        FROM found JOIN asked USING (account) JOIN entry USING (account)
        WHERE found.upto - found.out < asked.quantity),
    marked AS (UPDATE lot_consumption c SET restored = c.restored + parts.part FROM parts
        WHERE c.member_id = :member AND c.entry_id = parts.took_id AND c.lot_id = parts.lot_id),
    changed AS (UPDATE lot SET remaining = remaining + parts.part FROM parts
        WHERE lot.member_id = :member AND lot.id = parts.lot_id),"""
    + _DUE
    + ","
    + _SUMMED
    + "SELECT account, part FROM parts"
)
_POST = text(
    _ENTRY
    + """
    parts AS (SELECT entry.id AS entry_id, entry.account, c.lot_id, c.quantity AS part
        FROM lot_entry took JOIN entry USING (account)
        JOIN lot_consumption c ON c.member_id = took.member_id AND c.entry_id = took.id
        WHERE took.member_id = :member AND took.key = :hold_key),"""
    + _DUE
    + ","
    + _SUMMED
    + "SELECT account, part FROM parts"
)


_OPEN = text(
    "INSERT INTO lot_account (member_id, account, balance, pending, held, deficit)"
    " SELECT :member, account, 0, 0, 0, 0 FROM unnest(CAST(:accounts AS text[])) AS a(account) ORDER BY 2"
    " ON CONFLICT DO NOTHING"
)


def open_accounts(session: Session, member_id: int) -> None:
    """Make the two accounts of who has none yet, so that they can be locked; a repeat changes nothing."""
    fetch(session, _OPEN, {"member": member_id, "accounts": ACCOUNTS})


def balances(session: Session, member_ids: list[int]) -> dict[int, Balance]:
    """What several members have; one statement.  Who never topped up has nothing."""
    return _as_balances(member_ids, fetch(session, _BALANCES, {"members": member_ids, "accounts": ACCOUNTS}))


def balance(session: Session, member_id: int) -> Balance:
    """What a member has now."""
    return balances(session, [member_id])[member_id]


def lock(session: Session, member_id: int) -> Balance:
    """The same, locked until the transaction ends."""
    return _as_balances([member_id], fetch(session, _LOCK, {"members": [member_id], "accounts": ACCOUNTS}))[member_id]


def _as_balances(member_ids: list[int], found: list[Any]) -> dict[int, Balance]:
    sums = {(row.member_id, row.account): row for row in found}

    def of(member_id: int, column: str) -> Split:
        rows = (sums.get((member_id, account)) for account in (PRINCIPAL, BONUS))
        return Split(*(int(getattr(row, column)) if row else 0 for row in rows))

    return {member_id: Balance(of(member_id, "balance"), of(member_id, "held")) for member_id in member_ids}


def _write(session: Session, statement: Any, deed: Deed, amount: Split, sign: int, **more: Any) -> bool:
    """Run one of the statements; False when the key was posted before with the same content."""
    given = {
        "member": deed.member_id,
        "accounts": ACCOUNTS,
        "quantities": [amount.bonus_fen, amount.principal_fen],
        "event": deed.event,
        "source": deed.source,
        "key": deed.key,
        "actor": deed.actor,
        "now": deed.now,
        "store": deed.store_id,
        "document": deed.document or deed.source,
        "sign": sign,
        "held": 0,
        "due": 0,
        **more,
    }
    done = fetch(session, statement, given)
    if not done:
        if not _repeated(session, deed, amount, sign):
            raise LedgerKeyReused(key=deed.key)
        return False
    parts = {account: sum(row.part for row in done if row.account == account) for account in ACCOUNTS}
    assert Split(parts[PRINCIPAL], parts[BONUS]) == amount, (deed, amount, parts)
    return True


def _repeated(session: Session, deed: Deed, amount: Split, sign: int) -> bool:
    """Whether the deed was posted before; raises LedgerKeyReused when it was with other content."""
    given = {"member": deed.member_id, "accounts": ACCOUNTS, "key": deed.key}
    posted = {row.account: (row.event, row.quantity) for row in fetch(session, _POSTED, given)}
    asked = {PRINCIPAL: amount.principal_fen, BONUS: amount.bonus_fen}
    if posted and posted != {account: (deed.event, sign * fen) for account, fen in asked.items() if fen}:
        raise LedgerKeyReused(key=deed.key)
    return bool(posted)


def top_up(session: Session, deed: Deed, amount: Split) -> bool:
    """Credit a top-up as one lot of each kind; the accounts are opened when there are none.  False on a repeat."""
    assert amount.principal_fen >= 0 and amount.bonus_fen >= 0 and amount.total_fen > 0, amount
    return _write(session, _CREDIT, deed, amount, 1)


def spend(session: Session, deed: Deed, amount: Split) -> bool:
    """Take exactly this split, the oldest top-ups first, and note which store owes which.  False on a repeat.

    :raises WalletShort: one of the buckets has less; nothing changes.
    """
    return _take(session, deed, amount, held=0, due=1)


def hold(session: Session, deed: Deed, amount: Split) -> bool:
    """Promise exactly this split to an order; raises WalletShort.  False on a repeat."""
    return _take(session, deed, amount, held=1, due=0)


def withdraw(session: Session, deed: Deed, amount: Split) -> bool:
    """Take what is left of one top-up (`deed.source`) out of the wallet again.  False on a repeat."""
    return _take(session, deed, amount, held=0, due=0, only=deed.source)


def _take(session: Session, deed: Deed, amount: Split, *, only: str | None = None, **how: int) -> bool:
    assert amount.principal_fen >= 0 and amount.bonus_fen >= 0 and amount.total_fen > 0, amount
    have = lock(session, deed.member_id).have
    if have.principal_fen < amount.principal_fen or have.bonus_fen < amount.bonus_fen:
        if _repeated(session, deed, amount, -1):
            return False
        raise WalletShort(asked_fen=amount.total_fen, available_fen=have.total_fen)
    return _write(session, _TAKE, deed, amount, -1, only=only, **how)


def _held(session: Session, deed: Deed) -> Split:
    given = {"member": deed.member_id, "accounts": ACCOUNTS, "key": f"{deed.source}:hold"}
    held = {row.account: -row.quantity for row in fetch(session, _POSTED, given)}
    return Split(held.get(PRINCIPAL, 0), held.get(BONUS, 0))


def post(session: Session, deed: Deed) -> bool:
    """What the source held is spent; False when it held nothing or was posted or released before."""
    lock(session, deed.member_id)
    amount = _held(session, deed)
    more = {"held": -1, "due": 1, "hold_key": f"{deed.source}:hold"}
    return bool(amount.total_fen) and _settle(session, _POST, deed, amount, 0, **more)


def release(session: Session, deed: Deed) -> bool:
    """What the source held goes back into its own lots; False when it held nothing or was settled before."""
    lock(session, deed.member_id)
    amount = _held(session, deed)
    return bool(amount.total_fen) and _settle(session, _GIVE_BACK, deed, amount, 1, held=-1, of=deed.source)


def _settle(session: Session, statement: Any, deed: Deed, amount: Split, sign: int, **more: Any) -> bool:
    given = {"member": deed.member_id, "accounts": ACCOUNTS, "key": deed.key}
    return not fetch(session, _POSTED, given) and _write(session, statement, deed, amount, sign, **more)


def restore(session: Session, deed: Deed, amount: Split, *, of: str) -> bool:
    """What the source `of` spent goes back into the lots it came from, the last used first.  False on a repeat.

    Never more than was taken and not yet given back; which store owes which is undone by the exact negative.
    """
    lock(session, deed.member_id)
    if _repeated(session, deed, amount, 1):
        return False
    return _write(session, _GIVE_BACK, deed, amount, 1, due=-1, of=of)


_HISTORY = text("""
    SELECT min(id) AS id, max(at) AS at, event, source,
           coalesce(sum(quantity) FILTER (WHERE account = 'stored_principal'), 0)::bigint AS principal_fen,
           coalesce(sum(quantity) FILTER (WHERE account = 'stored_bonus'), 0)::bigint AS bonus_fen
    FROM lot_entry WHERE member_id = :member AND account = ANY(:accounts) AND event <> 'post'
      AND (CAST(:before AS bigint) IS NULL OR id < :before)
    GROUP BY key, event, source ORDER BY 1 DESC LIMIT :most""")


def history(session: Session, member_id: int, *, before: int | None, most: int) -> list[dict[str, Any]]:
    """The newest entries, both buckets of a step in one; `before` is the `id` where the last page ended."""
    given = {"member": member_id, "accounts": ACCOUNTS, "before": before, "most": most}
    return [{**row._asdict(), "at": row.at.isoformat()} for row in fetch(session, _HISTORY, given)]
