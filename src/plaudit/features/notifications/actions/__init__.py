"""The verbs of notifications: save what messages say and where they go, compose them, send them."""
