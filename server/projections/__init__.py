"""What is folded out of the logs and kept: hours in the ledger. Each fold can be thrown away and made again."""
