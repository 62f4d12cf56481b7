"""A member's addresses: sealed, read by nobody but themselves, gone with them.

Whoever became one with another finds the addresses of both; a merge that is undone parts them again, for no row moves.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config import journal
from config.db import changed, fetch, first
from config.errors import NotFound, Refused
from member import leaving, regions
from member.address import Address, AddressNotSound

MOST = 20
_PHONE = re.compile(r"1[3-9][0-9]{9}|0[0-9]{2,3}-?[0-9]{7,8}")


class AddressBookFull(Refused):
    """A member keeps at most `most` addresses."""

    code = "address_book_full"


_LISTED = text(
    "SELECT id, sealed, is_default FROM member_address WHERE member_id = ANY(:ids)"
    " ORDER BY is_default DESC, at DESC, id"
)
_ONE = text("SELECT sealed FROM member_address WHERE member_id = ANY(:ids) AND id = :id")
_LOCK = text("SELECT id FROM member WHERE id = :member FOR NO KEY UPDATE")
_COUNT = text("SELECT count(*) AS n FROM member_address WHERE member_id = ANY(:ids)")
_ADD = text("INSERT INTO member_address (member_id, sealed, at) VALUES (:member, :sealed, :now) RETURNING id")
_CHANGE = text("UPDATE member_address SET sealed = :sealed, at = :now WHERE member_id = ANY(:ids) AND id = :id")
_NO_DEFAULT = text("UPDATE member_address SET is_default = false WHERE member_id = ANY(:ids) AND is_default")
_DEFAULT = text("UPDATE member_address SET is_default = true WHERE member_id = ANY(:ids) AND id = :id")
_REMOVE = text("DELETE FROM member_address WHERE member_id = ANY(:ids) AND id = :id")


def of_member(session: Session, member_id: int) -> list[dict[str, Any]]:
    """The member's own addresses in full, the default first, then the last written."""
    rows = fetch(session, _LISTED, {"ids": leaving.selves(session, member_id)})
    return [
        {
            "id": row.id,
            **asdict(address := Address.opened(row.sealed)),
            "region_path": regions.path(address.region),
            "phone_masked": address.phone_masked,
            "is_default": row.is_default,
        }
        for row in rows
    ]


def one(session: Session, member_id: int, address_id: int) -> Address:
    """One of the member's own; somebody else's is NotFound."""
    row = first(session, _ONE, {"ids": leaving.selves(session, member_id), "id": address_id})
    if row is None:
        raise NotFound(address_id=address_id)
    return Address.opened(row.sealed)


def _sound(address: Address) -> Address:
    """As it is kept: trimmed, its region in words of ours.  Raises AddressNotSound."""
    district = regions.is_district(address.region)
    words = "".join(regions.path(address.region)) if district else ""
    told = replace(
        address,
        name=address.name.strip(),
        phone=address.phone.replace(" ", ""),
        region_name=words,
        street=address.street.strip(),
    )
    faults = told.faults()
    faults.pop("region_name", None)
    if not district:
        faults["region"] = "not sound"
    if not _PHONE.fullmatch(told.phone):
        faults["phone"] = "not sound"
    if faults:
        raise AddressNotSound(fields=faults)
    return told


def write(
    session: Session,
    member_id: int,
    address: Address,
    *,
    address_id: int | None = None,
    default: bool = False,
    actor: str,
    now: datetime,
) -> int:
    """Add an address, or change the one with `address_id`; returns its id.  The first is the default.

    `region_name` is found anew from the code: what the caller says of it counts for nothing.

    :raises AddressNotSound, AddressBookFull, NotFound: nothing changed.
    """
    told = _sound(address)
    fetch(session, _LOCK, {"member": member_id})
    given: dict[str, Any] = {
        "member": member_id,
        "ids": leaving.selves(session, member_id),
        "sealed": told.sealed(),
        "now": now,
    }
    kept = int(fetch(session, _COUNT, given)[0].n)
    if address_id is None:
        if kept >= MOST:
            raise AddressBookFull(most=MOST)
        address_id = int(fetch(session, _ADD, given)[0].id)
    elif not changed(session, _CHANGE, {**given, "id": address_id}):
        raise NotFound(address_id=address_id)
    if default or not kept:
        _make_default(session, given["ids"], address_id)
    journal.record(session, "member.address_kept", f"member:{member_id}", actor=actor, now=now, address_id=address_id)
    return address_id


def _make_default(session: Session, ids: Collection[int], address_id: int) -> None:
    fetch(session, _NO_DEFAULT, {"ids": list(ids)})
    fetch(session, _DEFAULT, {"ids": list(ids), "id": address_id})


def remove(session: Session, member_id: int, address_id: int, *, actor: str, now: datetime) -> None:
    """Forget an address; one that is gone already is no fault.  Orders keep their own copy."""
    if changed(session, _REMOVE, {"ids": leaving.selves(session, member_id), "id": address_id}):
        who = f"member:{member_id}"
        journal.record(session, "member.address_removed", who, actor=actor, now=now, address_id=address_id)
