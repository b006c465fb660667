"""Questions about persons, answered from what is published."""
