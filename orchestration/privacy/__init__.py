"""Erasing a person from every store, and proving it."""
