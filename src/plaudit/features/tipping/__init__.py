"""Tipping: a viewer gives to a creator, and the share of each lands at once.

Gifts, presets and own amounts; terms with ratios fixed or tiered by the month's volume; a message that may be
held back; reversal in whole and in part. A tip in money may be ordered, and is sent when payments says that
it was paid; a refund takes it back by its split. Units of a gift that a viewer has in hand pay for that gift.
Refuses: an unknown creator or gift, a gift that ended or belongs elsewhere, an amount outside the policy, a
tip to oneself, more than a day's limit, more units than there are in hand, a message of the wrong form,
anything switched off, the reversal to a wallet of what came through a channel. Accounts: the viewer's wallet
and units of gifts, the earnings of creator and guild, the platform's revenue; `issuance/…` of wallets,
`clearing/…` and `losses/…` of payments. Facts: `tip.sent`, `tip.ordered`, `tip.reversed`, `creator.saved`,
`gift.saved`, `terms.saved`, `tipping.policy.saved`, `words.saved`.
"""
