"""The home page: what now, what next, what is owed. One small maker for each of its cards, and who is shown which."""
