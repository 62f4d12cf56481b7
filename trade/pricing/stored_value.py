"""A priced basket is paid with stored value: no price changes, but each line learns its principal and its bonus.

Because a return restores what each line took, and because the bonus part earns no points
(members-mall-orders.md 3.1 and 3.5).  How an amount is split stands in `member/wallet_terms.py`.
"""

from __future__ import annotations

from config.errors import Refused
from member.wallet_terms import Policy, Split, over_lines
from trade.pricing.quoted import Quote


class WalletTooMuch(Refused):
    """More stored value than is due: `payable_fen` is the most that it may pay."""

    code = "wallet_too_much"


def pay_with(priced: Quote, wallet: Split, policy: Policy) -> Quote:
    """The quote with this much stored value in it; what is left to pay is its `due_fen`.

    :raises WalletTooMuch: stored value pays at most the goods, never freight; there is no change in it.
    """
    if wallet.total_fen > priced.payable_fen - priced.freight_fen:
        raise WalletTooMuch(payable_fen=priced.payable_fen - priced.freight_fen, asked_fen=wallet.total_fen)
    for line, part in zip(priced.lines, over_lines(wallet, [line.net_fen for line in priced.lines]), strict=True):
        line.wallet = part
    priced.wallet, priced.policy = wallet, policy
    return priced
