"""The shell around the domain: web, wire, rooms, store, media."""
