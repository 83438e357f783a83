"""Simulated participants: programs that know `server/wire/PROTOCOL.md` and nothing else of Milieu.

They make a demo feel alive for one person with one browser, and they are the load of load tests. Nothing here imports
the rest of the server; the server never imports this at its top level.
"""
