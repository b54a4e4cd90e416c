"""Registries of structures: read what they say, fetch from them, compare with them, submit to them."""
