"""Benchmarks: each step against its yardstick, as ratios of one machine in one run (`make bench`).

`rows` lists what is measured; a module beside it holds the work of one step. Each measurement runs in a process of
its own, so that nothing is warm but what is meant to be, and its peak memory is its own.
"""
