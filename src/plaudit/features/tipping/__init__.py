"""Tipping: a viewer gives to a creator, and the share of each lands at once.

Gifts, presets and own amounts; terms with ratios fixed or tiered by the month's volume; a message that may be
held back; reversal in whole and in part. Refuses: an unknown creator or gift, a gift that ended or belongs
elsewhere, an amount outside the policy, a tip to oneself, more than a day's limit, a message of the wrong
form, anything switched off. Accounts: the viewer's wallet, the earnings of creator and guild, the platform's
revenue. Facts: `tip.sent`, `tip.ordered`, `tip.reversed`, `creator.saved`, `gift.saved`, `terms.saved`,
`tipping.policy.saved`, `words.saved`.
"""
