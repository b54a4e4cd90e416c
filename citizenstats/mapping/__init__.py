"""Mapping as a standard artefact: a contract's mapping as SDMX 3.0 StructureMap and RepresentationMap, both ways.

What belongs here: the model of structure maps (`model`), their messages (`write_ml`, `write_json`, `read`), how a contract
becomes one (`export`) and how one becomes rules of a contract (`resolve`, `adopt`), the SQL of its rules (`rules_sql`,
`time_sql`), and which rule made a value (`explain`). What does not: running the SQL over records (`harmonize`).
"""
