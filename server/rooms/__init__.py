"""Room actors and what they need from their siblings."""
