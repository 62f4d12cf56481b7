"""What WeChat must be told of goods that left, payment by payment; until then it keeps the money (wechat.md 2.10)."""
