"""Models that are trained: fitted in Python, kept as policy, scored in SQL."""
