"""Are observations what their structure, constraints and neighbours say they must be?

Everything here judges a `Frame` of observations in SQL and says `Finding`s: a rule of `rules.py`, the component, an exact
count, the first row and some of the wrong values. What belongs here: judging observations, and showing what was found. What
does not: reading messages and their schemas (`citizenstats.sdmx`), mending, and deciding what happens next.
"""
