"""Risk: what is stopped now.

Switches stop a tenant, a feature or a single thing, commands already queued included; freezes are flags on
accounts and so bind every feature at once. Refuses: whatever is switched off, and targets or addresses that
do not exist. Accounts: none of its own. Facts: `switch.flipped`, `account.frozen`.
"""
