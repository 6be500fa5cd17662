"""The business: features that know nothing of one another and meet in the ledger and the journal."""
