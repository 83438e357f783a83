"""The way in: consents, licences, where people are today, and what keeps somebody at the door."""
