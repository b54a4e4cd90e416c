"""Estimate: microdata become indicators, by SQL inside the one SELECT of the target.

What belongs here: the aggregation of records over all breakdowns in one scan. Standard errors are not here yet: a
wrong one is worse than none, so `STD_ERROR` and the bounds stay empty until they are design-based.
"""
