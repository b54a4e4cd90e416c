"""The audit: what an attacker can infer from the messages as they are published.

It shares no code with what it audits. It reads the message that would go out, takes the attacker for better informed than
anybody is (he knows the counts behind every shown figure exactly, and which rests are empty), rebuilds from the structure's
hierarchies all that adds up, and finds by linear programs the narrowest interval of every small count. A release is
stopped where one is too narrow.

    audit.py      which cells a message shows, what adds up, the verdict and its restricted report
    attack.py     intervals by linear programs
    changed.py    messages whose counts were changed in place of hidden
    rounded.py    what rounding leaves open of small counts
    perturbed.py  what noise leaves open of them
"""
