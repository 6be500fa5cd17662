"""Following the journal: read models and reactions, each with a cursor per tenant, exactly once inside the database.

``subscription`` says what a subscription is.
"""

from plaudit.core.journal.subscriptions.subscription import Apply, Span, Subscription

__all__ = ["Apply", "Span", "Subscription"]
