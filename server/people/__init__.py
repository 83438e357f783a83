"""The clinic's people: how they are reached, how they are taken in, one by one or by a list."""
