"""What the work reaches: the house, and Dagster's own instance, as Dagster resources.

Add here: a thing outside the process that assets, sensors or jobs need, as one small module.
Keep out: meaning (that is `sdmx_mappings/`), steps (that is `citizenstats`), anything about when.
"""
