"""Likeness of persons: what its weights are learnt from."""
