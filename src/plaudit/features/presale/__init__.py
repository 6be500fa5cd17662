"""Presale: shows, what is sold of them, and tickets, before the stream exists.

A show goes from draft over presale and sale to live and ended, or is cancelled. Its offers sell the seats of
a zone at prices that go by time and by count; a code opens a hidden offer and may have seats kept for it.
Seats, the rights that tickets give, and money that may still go back are accounts of the ledger; nothing is
counted beside it. Refuses: a show that ends before it starts or has a text in one language only, a change of
what is over, a state that does not follow, price steps that overlap or never come, a deposit above a price,
a group larger than the stock, an offer that would change its show or currency, stock taken away that is not
free, more seats for a code than are free. Accounts: `offer/…` (issued, stock, code, waiting, pledged, sold),
`show/…` (right, deposits, takings), the viewer's rights; `clearing/…` and `losses/…` of payments.
Facts: `show.saved`, `show.state.changed`, `show.settled`, `offer.saved`, `offer.code.saved`,
`ticket.ordered`, `ticket.order.ended`, `ticket.deposited`, `ticket.pledged`, `ticket.issued`,
`ticket.forfeited`, `ticket.refunded`, `ticket.transferred`, `group.ended`, `waiting.joined`, `waiting.left`,
`waiting.offered`, `waiting.passed`.
"""
