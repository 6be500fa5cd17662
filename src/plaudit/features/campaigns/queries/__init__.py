"""Questions about campaigns: `life` about terms and budgets, `rewards` about what was given, and figures."""
