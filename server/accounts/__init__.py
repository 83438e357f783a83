"""Accounts: who may sign in, by what, on which devices, and how they are invited."""
