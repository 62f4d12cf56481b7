"""WeChat's codes for who carries a parcel, from what the desk typed (`get_delivery_list`, wechat.md 2.10)."""

from __future__ import annotations

WANTS_PHONE = "SF"
"""SF Express tells WeChat nothing of a parcel without a telephone number of it."""

#        words that name it          code
CODES = {
    "顺丰": "SF",
    "中通": "ZTO",
    "圆通": "YTO",
    "申通": "STO",
    "韵达": "YD",
    "邮政": "YZPY",
    "EMS": "EMS",
    "京东": "JD",
    "德邦": "DBL",
    "极兔": "JTSD",
    "百世": "HTKY",
    "优速": "UC",
    "宅急送": "ZJS",
}


def code(carrier: str) -> str | None:
    """The code of a carrier: 顺丰, 顺丰速运 and SF are the same; None when it is none that WeChat knows."""
    plain = carrier.strip().upper()
    if plain in CODES.values():
        return plain
    return next((known for words, known in CODES.items() if words in plain), None)
