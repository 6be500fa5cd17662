"""Words that all features share: assets, account addresses, permissions, switch targets, facts. Data only."""
