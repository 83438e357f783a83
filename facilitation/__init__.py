"""The pure domain of a group session: values in, values out. No clock, no I/O."""
