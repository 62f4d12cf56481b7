"""The phone: WeChat's own pages, as one of the demo people holds them.

Each page is made on the server; `static/phone.js` only asks again for what may have changed.  Each act is one endpoint:
a form gets a redirect, JSON gets JSON, so what a visitor taps a test can post.  JSON names the person as `openid`;
without it the cookie does.  Texts lie in `words/`.
"""

from __future__ import annotations

from tests.wechat_stand_in.phone import bill, code, consent, console, home, messages, paying, settings, subscribe, talk
from tests.wechat_stand_in.phone.shell import bp

PARTS = (bill, code, consent, console, home, messages, paying, settings, subscribe, talk)
"""Each adds its pages to `bp` when it is imported."""

__all__ = ["PARTS", "bp"]
