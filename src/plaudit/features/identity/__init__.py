"""Identity: who calls, for which tenant, and what they may do.

API keys for applications, staff as named persons with a key each, token keys by which a tenant signs
short-lived tokens for its viewers and creators. Refuses: a credential that is missing, unknown, malformed,
expired or revoked; an action outside the credential's scopes; a checker who is the maker. Accounts: none.
Facts: `key.created`, `key.revoked`, `staff.created`, `staff.revoked`, `token_key.created`,
`token_key.revoked`, `tenant.created`, `viewer.erased`.
"""
