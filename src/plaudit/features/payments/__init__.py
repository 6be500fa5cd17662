"""Payments: money comes in through channels for amounts due, and goes back.

It clears any amount due, whoever opened it (`vocabulary/facts/dues.py`): intents and their attempts at
merchant accounts, callbacks, refunds; and it proves the books with the channels' bills
(`vocabulary/facts/bills.py`). Refuses: what a channel did not sign or signed too long ago, what is not about
an attempt of ours, an amount or currency that was not asked for, a refund of more than was paid, a bill that
is damaged.
Accounts: cash in transit at each merchant account, clearing, the bank, the channels' fees, losses. Facts:
`payment.account.saved`, `payment.policy.saved`, `payment.opened`, `payment.attempted`,
`payment.attempt.failed`, `payment.notified`, `payment.succeeded`, `payment.surplus`, `payment.failed`,
`payment.closed`, `payment.refund.requested`, `payment.refund.approved`, `payment.refund.rejected`,
`payment.refund.failed`, `payment.refund.retried`, `payment.refunded`, `payment.refund.undone`,
`payment.alerted`.
"""
