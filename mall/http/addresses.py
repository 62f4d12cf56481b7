"""The customer's address book, and the regions an address may lie in."""

from __future__ import annotations

from flask import g
from pydantic import Field
from sqlalchemy.orm import Session

from config.http import Form, Reply, WriteForm, blueprint, once, permit, session
from mall.http import who
from member import address_book, regions
from member.address import Address

bp = blueprint("addresses", "/api/mall", who.identify)


class RegionQuery(Form):
    """A province or a city; all provinces where it is left out."""

    under: str = Field(regions.COUNTRY, pattern=r"^(0|[1-9][0-9]{5})$")


class AddressForm(WriteForm):
    """An address; `region` is the district's code.  The point is in millionths of a degree, both or neither."""

    name: str = Field(max_length=40)
    phone: str = Field(max_length=30)
    region: str = Field(max_length=6)
    street: str = Field(max_length=200)
    lat_e6: int | None = None
    lng_e6: int | None = None
    is_default: bool = False

    def address(self) -> Address:
        """As the domain has it; the region's words are found there."""
        return Address(self.name, self.phone, self.region, "", self.street, self.lat_e6, self.lng_e6)


@bp.get("/regions")
@permit("public")
@bp.input(RegionQuery, location="query")
def one_level(query_data: RegionQuery) -> Reply:
    """`{"regions": [{code, name}]}`, one level at a time: an address names a district, which has none under it."""
    return {"regions": regions.under(query_data.under)}, 200


@bp.get("/addresses")
@permit("mall.order")
def mine() -> Reply:
    """One's own addresses in full, the default first; `{"addresses": [...], "most": 20}`."""
    found = address_book.of_member(session(), who.me().member_id)
    return {"addresses": found, "most": address_book.MOST}, 200


def _write(form: AddressForm, address_id: int | None) -> Reply:
    shopper = who.me()

    def work(opened: Session) -> Reply:
        kept = address_book.write(
            opened,
            shopper.member_id,
            form.address(),
            address_id=address_id,
            default=form.is_default,
            actor=shopper.actor,
            now=g.now,
        )
        return {"id": kept}, 201 if address_id is None else 200

    return once(form, work)


@bp.post("/addresses")
@permit("mall.order")
@bp.input(AddressForm)
def add(json_data: AddressForm) -> Reply:
    """Keep one more: 201 `{"id"}`, and nothing of it in the answer, which is kept for a retry.  409 when full."""
    return _write(json_data, None)


@bp.post("/addresses/<int:address_id>")
@permit("mall.order")
@bp.input(AddressForm)
def change(address_id: int, json_data: AddressForm) -> Reply:
    """Change one of one's own; orders that were placed keep what they were placed with."""
    return _write(json_data, address_id)


@bp.post("/addresses/<int:address_id>/remove")
@permit("mall.order")
@bp.input(WriteForm)
def remove(address_id: int, json_data: WriteForm) -> Reply:
    """Forget one; a repeat changes nothing."""
    shopper = who.me()

    def work(opened: Session) -> Reply:
        address_book.remove(opened, shopper.member_id, address_id, actor=shopper.actor, now=g.now)
        return {"removed": address_id}, 200

    return once(json_data, work)
