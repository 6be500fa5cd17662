"""Wallets: how value comes in, what is there, how it is bought, and how a person corrects it.

Credits come from an issuance account, so that what was issued can be seen, and pay off first what a wallet
owes; balances and statements are read from the ledger; a pack is ordered, put into the wallet when payments
says that it was paid, and taken back for a refund by the asset's policy; an adjustment is made by one person
and posted when another approves it. Refuses: a credit of no amount or of an unknown asset, a pack that is
not on sale, a refund of what was spent where the policy says so, an adjustment without a reason, a checker
who is the maker or no person at all, a correction that the account cannot bear. Accounts: the viewer's
wallet and debt, `issuance/…`, `adjustment/…`, the users' funds; `clearing/…` and `losses/…` of payments.
Facts: `pack.saved`, `topup.policy.saved`, `topup.ordered`,
`topup.credited`, `topup.clawed_back`, `wallet.credited`, `wallet.adjustment.requested`,
`wallet.adjustment.approved`, `wallet.adjustment.rejected`.
"""
