"""``python -m citizenstats`` is the same as ``citizenstats``, for a checkout whose environment lies elsewhere."""

from citizenstats.cli import main

if __name__ == "__main__":
    main()
