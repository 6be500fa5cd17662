"""The only SQL of campaigns: `life` is what operators write, `budgets` and `people` what else they save."""
