"""The page that a person reads before signing a candidate off.

What belongs here: choosing what of a candidate a reviewer must see, and drawing it. What does not: judging quality
(`citizenstats.quality`), deciding (`citizenstats.release.approve`). The page lies in the restricted store beside its candidate
and is never published: it counts the rows of deliveries. It shows publishable figures only, and of what is withheld only how
much.

    figures.py   what is read from the candidate's Parquet, in SQL
    page.py      the page
    review.html  its template: self-contained, no scripts, nothing fetched
"""
