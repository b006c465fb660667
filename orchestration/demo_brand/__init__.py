"""The demo brand: a beauty retailer that never was, whose every truth is known."""
