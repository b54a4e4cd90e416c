"""Estimate: microdata become indicators, by SQL inside the one SELECT of the target.

What belongs here: the aggregation of records over all breakdowns in one scan, and how sure its figures are by the design
that drew the records. Where no probability design was declared there is no standard error: a wrong one is worse than none.
"""
