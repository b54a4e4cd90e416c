"""Citizen data, from a partner's file to a published SDMX message.

What belongs here: each step from delivery to message as plain functions, and the order of the steps
(`flow.py`). What does not: Dagster, schedules, and anything that names a partner or a code; those live in
`assets/`, `pipelines/`, `resources/` and `sdmx_mappings/`. Nothing in this package imports Dagster or keeps
global state, so it can be used from a notebook, the command line or any scheduler.
"""

__version__ = "0.1.0"
