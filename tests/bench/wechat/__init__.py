"""The faults of the WeChat libraries, measured on them and on ours, side by side (`make wechat-faults`).

`row.py` says what a row is and gives each measurement a stand-in of its own; `tokens.py` has P1 to P6, `pushes.py`
P7 to P10, `secrecy.py` P11, `payments.py` Q1 to Q12; `worker.py` is one of the eight processes of P2. `__main__.py`
runs the `ROWS` of every module in PARTS, prints the table, writes var/wechat-faults.json and exits 1 where ours is
out of bounds. A further part is a module with `ROWS`, named in PARTS.

The numbers are those of the fault table (shared rules, wechat.md 1.1 and 1.2).  P12 is about pay v2, which no code of
ours calls; P13 is a trap for whoever subclasses, and that our client can be made at all is its proof.
"""
