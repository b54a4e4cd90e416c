"""``python -m citizenstats.cli`` is the same as ``citizenstats``."""

from citizenstats.cli import main

if __name__ == "__main__":
    main()
