"""Named situations, built end to end and compared with what the definitions say."""
