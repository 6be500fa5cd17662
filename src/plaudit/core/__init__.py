"""The truth: commands go down to the ledger, the ledger to the journal; nothing here knows a feature."""
