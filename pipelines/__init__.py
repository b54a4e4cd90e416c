"""When it runs: the definitions on one page, the sensor, the schedules, the jobs, and two launchers.

Add here: a reason for a run. Keep out: what a run does (that is `assets/` and `citizenstats`), and statistics.
`definitions.py` is loaded by Dagster as a file; every top-level package is imported at its top, because the project's
root is on the import path only while that file loads.
"""
