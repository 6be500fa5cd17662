"""The verbs of campaigns: ``drafts``, ``running`` and ``budgets`` are operators', ``people`` the host's."""
