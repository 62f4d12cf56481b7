"""The phone makes the member code by itself: both sides are held to one file of examples."""

from __future__ import annotations

import json
import os
from base64 import urlsafe_b64encode
from hashlib import sha256

from config.settings import ROOT
from member import codes

FILE = ROOT / "mall/miniapp/src/lib/member-code.vectors.json"
STEPS = (0, 1, 59_650_000, 2**31 - 1, 2**32 + 7)


def _vectors() -> list[dict[str, object]]:
    made = []
    for number, step in enumerate(STEPS * 4):
        secret = sha256(f"phone {number}".encode()).digest()
        ref = f"{int.from_bytes(secret[:4], 'big') % 10**9:09d}"
        travels = urlsafe_b64encode(secret).decode().rstrip("=")
        made.append({"ref": ref, "secret": travels, "step": step, "code": codes.write(ref, secret, step)})
    return made


def test_the_codes_of_the_phones_examples_are_what_this_side_writes() -> None:
    """`WRITE_VECTORS=1` writes the file anew after a change of the form of the code."""
    if os.environ.get("WRITE_VECTORS"):
        FILE.write_text(json.dumps(_vectors(), indent=2) + "\n")
    assert json.loads(FILE.read_text()) == _vectors()
