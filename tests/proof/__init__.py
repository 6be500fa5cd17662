"""The proof: every size that is claimed, measured, compared with its target, and written to docs/proof.json.

`make proof` runs all of it, about an hour on two cores; `python -m tests.proof --part bench.ledger` one part,
which replaces that part of the file. `claims` says what is claimed, `parts` runs what measures it, `verdict`
compares, `page` puts the figures into docs/benchmarks.md.
"""
