"""Admission: who may watch a stream now, answered to media servers, and whose session ends.

Whoever grants rights on the ledger (presale, later memberships) admits by this door: it reads balances of
`viewer.right` and shows as they were announced, and knows nothing of tickets. It makes the tokens and signed
addresses that players need, answers the hooks of SRS, MediaMTX and CDNs, keeps who watches on which device,
and kicks at the server whose right is gone. Refuses: a token that is not ours, is over or is for another
stream, a viewer without a right, a show that is not live, one device more than the show allows.
Accounts: none of its own; it reads the rights of viewers. Facts: `access.server.saved`, `access.revoked`.
"""
