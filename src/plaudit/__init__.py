"""Plaudit: the money-and-rewards backend of a live-streaming platform, on one double-entry ledger.

::

    floor 4   app/         http, worker, cli, assembly                delivery
    floor 3   features/    independent; no doors between them         the business
    floor 2   core/        commands → ledger → journal                the truth
    floor 1   vocabulary/  shared words     platform/ technical means
    floor 0   kernel/      pure values: money, ids, time, refusals

Commands go down by call. Facts come up by the journal. Value moves only through the ledger. Nothing goes
sideways.
"""
