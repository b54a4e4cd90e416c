"""Receive: from a partner's file to records, refused rows and a receipt.

What belongs here: watching the inbox, keeping the bytes, reading a file in a child process with limits, judging every row,
and the receipt. What does not: what the data means beyond its contract; codes of a structure are `harmonize/`.
Any input is answered: with a receipt, never with a stack trace, a silent skip or a dead process.
"""
