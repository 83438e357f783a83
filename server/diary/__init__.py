"""The diary: a minute a day for oneself, and what is shown of it in check-in."""
