"""Publishes finished marts for readers: whole, at once, never locked by a build."""
