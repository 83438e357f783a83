"""Papers: what a clinic files, as PDF."""
