"""The websocket protocol: pure message codec and the socket shell."""
