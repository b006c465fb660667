"""Hostile landing files: what a careless or malicious supplier delivers, and what must happen."""
