"""The kinds of documents that tills write: how each is read, and what becomes of it.  A new kind is one more row.

kind       reads         becomes
sale       sale_said     an order (`sale`)
back       back_said     a return of units of such an order (`back`)
drawer     drawer        a row in the journal
void       void          a voided ticket
open       shift_said    an open shift (`shift`)
seal       shift_said    its count (`shift`)
word       word          a manager's approval that was given by PIN without network, for a time
hand_over  handed        a parcel that was fetched, or a fraud alert
locked     handed        a row in the journal
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from trade.orders.offline import back, back_said, drawer, handed, sale, sale_said, shift, shift_said, void, word
from trade.orders.offline.document import Document, Head, NotSound, Said, digest
from trade.orders.offline.taking import Taken


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of document.

    `reads` is its form and `fault` says where it contradicts itself; `take` writes what it tells of in the caller's
    transaction, or raises CannotTake or a Refused; `known` is the order in the answer to its online attempt, if any.
    """

    reads: type[Said]
    fault: Callable[[Any], str]
    take: Callable[..., Taken]
    known: Callable[[dict[str, Any]], int | None]


KINDS = {
    "sale": Kind(sale_said.SaleSaid, sale_said.fault, sale.take, sale.known),
    "back": Kind(back_said.BackSaid, back_said.fault, back.take, lambda _: None),
    "drawer": Kind(drawer.DrawerSaid, drawer.fault, drawer.take, lambda _: None),
    "void": Kind(void.VoidSaid, void.fault, void.take, lambda _: None),
    "open": Kind(shift_said.OpenSaid, shift_said.fault, shift.open_, lambda _: None),
    "seal": Kind(shift_said.SealSaid, shift_said.fault, shift.seal, lambda _: None),
    "hand_over": Kind(handed.HandedSaid, handed.fault, handed.take, lambda _: None),
    "locked": Kind(handed.LockedSaid, handed.fault, handed.locked, lambda _: None),
    "word": Kind(word.WordSaid, word.fault, word.take, lambda _: None),
}


def read(text: str) -> Document:
    """The document in a text, sound or not.

    :raises NotSound: not even its head can be read, so that nobody knows what it is.
    """
    try:
        head = Head.model_validate_json(text)
    except ValidationError as error:
        raise NotSound("head") from error
    kind = KINDS.get(head.kind)
    if kind is None:
        return Document(head, text, digest(text), None, "kind")
    said, fault = None, "shape"
    with suppress(ValidationError):
        said = kind.reads.model_validate_json(text)
        fault = kind.fault(said)
    return Document(head, text, digest(text), None if fault else said, fault)
