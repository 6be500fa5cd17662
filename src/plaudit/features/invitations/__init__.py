"""Invitations: a personal link and a poster for each ticket holder, and a reward when the friend has paid.

Whoever holds a right in a show may have a link to it. When a ticket is issued that names a link, both sides
get what the show's rule says: coins and points here, out of issuance and after what a wallet owes, everything
else as `reward.due` for the feature that keeps it. When all seats of that order have gone back, it is taken
back from both. Refuses: a link for somebody without a ticket, a rule, a picture or a name that makes no
sense; and rewards, each with a code, never the ticket: to oneself, for the same payment instrument, in a
circle, for a second order, above the limits, out of the rule's time, to an inviter without a ticket.
Accounts: the viewers' wallets and debts, `issuance/…` and `losses/…`, and it reads the viewers' rights.
Facts: `invitation.rule.saved`, `invitation.picture.saved`, `invitation.opened`, `invitation.rewarded`,
`invitation.refused`, `invitation.reversed`; the kinds of shared words that it records besides are those of
rewards due.
"""
