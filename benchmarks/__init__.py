"""What Kindling costs: one module per question, each with a baseline that is measured in the same run.

python -m benchmarks [NAME...] runs them; figures are kept in `results/` and explained in `docs/performance.md`.
"""
