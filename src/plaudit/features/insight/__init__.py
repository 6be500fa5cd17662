"""Insight: page views and clicks, the funnel from view to paid, and the board of a show.

Pages tell of views and clicks, which are kept as rows, deduplicated, and counted by hour and by the channel
that led there. What is ordered, paid, given back and why is a projection of the journal; both together are
the funnel. Nothing here counts as value: the ledger does. Refuses: events without an id of their own, of
shows' names that are none, too old or from the future, a site key that there is not or that is off, a span
that is too long.
Accounts: none. Facts: `site_key.saved`.
"""
