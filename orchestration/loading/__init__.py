"""Loading: landing files become the raw lake, exactly once."""
