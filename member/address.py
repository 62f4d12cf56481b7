"""An address that goods are brought or sent to, and what everybody may see of it."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass

from config.errors import Refused
from member.masking import masked_name, masked_phone
from member.secrets import open_sealed, seal

_PHONE = re.compile(r"\+?[0-9][0-9 -]{5,22}[0-9]")
_REGION = re.compile(r"[1-9][0-9]{5}")
_LONGEST = {"name": 40, "street": 200, "region_name": 60}


class AddressNotSound(Refused):
    """An address that nobody can deliver to; `fields` names each fault."""

    code, status = "address_not_sound", 422


@dataclass(frozen=True, slots=True)
class Address:
    """A receiver: `region` is the district's code of six digits, `region_name` its words, `street` the rest.

    `phone` may carry a platform's extension (`18600001111-2345`).  The point is in millionths of a degree, or unknown.
    """

    name: str
    phone: str
    region: str
    region_name: str
    street: str
    lat_e6: int | None = None
    lng_e6: int | None = None

    def faults(self) -> dict[str, str]:
        """What is wrong, by field; empty when it can be delivered to."""
        wrong = {
            "name": not self.name.strip(),
            "phone": not _PHONE.fullmatch(self.phone),
            "region": not _REGION.fullmatch(self.region),
            "region_name": not self.region_name.strip(),
            "street": not self.street.strip(),
            "lat_e6": (self.lat_e6 is None) != (self.lng_e6 is None) or abs(self.lat_e6 or 0) > 90_000_000,
            "lng_e6": abs(self.lng_e6 or 0) > 180_000_000,
        }
        long = {name for name, most in _LONGEST.items() if len(getattr(self, name)) > most}
        return {name: "too long" if name in long else "not sound" for name in wrong if wrong[name] or name in long}

    def check(self) -> None:
        """:raises AddressNotSound: it cannot be delivered to."""
        if faults := self.faults():
            raise AddressNotSound(fields=faults)

    @property
    def name_masked(self) -> str:
        """As lists show the receiver: 王**."""
        return masked_name(self.name.strip())

    @property
    def phone_masked(self) -> str:
        """As lists show the phone, without a platform's extension: 138****1234."""
        digits = "".join(one for one in self.phone.partition("-")[0] if one.isdigit()) or "0"
        return masked_phone(digits) if len(digits) >= 9 else f"****{digits[-2:]}"

    def sealed(self) -> bytes:
        """The whole of it, as it is kept."""
        return seal(json.dumps(asdict(self), ensure_ascii=False).encode())

    @classmethod
    def opened(cls, sealed: bytes) -> Address:
        """The other way round."""
        return cls(**json.loads(open_sealed(bytes(sealed))))
