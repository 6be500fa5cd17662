"""Benchmarks as commands: each starts what it needs by itself and returns one report.

`report` is the form they share, `ground` the databases they run on, `crew` their worker processes, `workload`
what is posted; `ledger`, `growth` and `tips` are the benchmarks. Baselines run in the same run, interleaved
with ours, on the same server under the product's own durable configuration.
"""
