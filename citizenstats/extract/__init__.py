"""Extract: records for a researcher, so that nobody in them can be told apart and no answer be laid at a door.

What belongs here: what leaves, how coarse, what is dropped, and who took it. What does not: tables and figures, which are
`protect/` and `release/`. Nothing leaves that the contract does not list, and there is no extract unless it asks for one.
"""
