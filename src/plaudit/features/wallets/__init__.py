"""Wallets: how value comes in, what is there, and how a person corrects it.

Credits come from an issuance account, so that what was issued can be seen; balances and statements are read
from the ledger; an adjustment is made by one person and posted when another approves it. Refuses: a credit
of no amount or of an unknown asset, an adjustment without a reason, a checker who is the maker or no person
at all, a correction that the account cannot bear. Accounts: the viewer's wallet and debt, `issuance/…`,
`adjustment/…`, the users' funds. Facts: `pack.saved`, `topup.policy.saved`, `topup.ordered`,
`topup.credited`, `topup.clawed_back`, `wallet.credited`, `wallet.adjustment.requested`,
`wallet.adjustment.approved`, `wallet.adjustment.rejected`.
"""
