"""The office's own secret, from which all noise comes: whoever has it and the figures can take the noise away.

It is made once, lies in the restricted store with mode 0600, and stands in no log, message, SELECT or error. Keep a copy as
safe as the store: with another secret unchanged figures would get other noise, and two of them beside each other tell more
than one.
"""

from __future__ import annotations

import secrets

from citizenstats.store import Store

BYTES = 32


def secret_of(store: Store) -> str:
    """Return the office's secret, 64 hex digits, which is made when it is asked for first."""
    if not store.secret.exists():
        store.commit_once(store.secret, f"{secrets.token_hex(BYTES)}\n".encode())
    return store.secret.read_text("ascii").strip()
