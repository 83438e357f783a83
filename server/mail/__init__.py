"""Letters to people: what may be in them, and how they reach somebody or are tried again."""
