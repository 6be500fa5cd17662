"""Campaigns: rewards by terms that one person writes and another approves, out of a budget.

A campaign goes by facts of the journal: what a viewer does, judged by when it happened and by the revision
that was in force then, counted by window, is worth something by its terms; what a window is worth more than
before is granted, and what it is worth less when something is undone is taken back. Refuses: terms that
make no sense, with the place; approval by whoever wrote or handed them in; terms that hold from the past; a
reward without a budget; and grants, each with a code, never the fact: for want of budget, above a cap, while
something is switched off or frozen. Accounts: `campaign/…/budget/…` and `campaign/…/granted/coupon`,
`units/issued/…`, `issuance/…`, the viewers' wallets, debts, `viewer/…/pending/…`, `viewer/…/voucher/…` and
`viewer/…/chance/…`.
Facts: `campaign.saved`, `campaign.submitted`, `campaign.rejected`, `campaign.discarded`,
`campaign.approved`, `campaign.paused`, `campaign.resumed`, `campaign.ended`, `campaign.budget.requested`,
`campaign.budget.approved`, `campaign.budget.rejected`, `campaign.granted`, `campaign.withheld`,
`campaign.reversed`, `campaign.matured`, `viewer.attributes.saved`, `calendar.saved`; the kinds of shared
words that it records besides are those of rewards due.
"""
