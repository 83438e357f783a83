"""The forwarding core in C: its sources, and how they are built."""
