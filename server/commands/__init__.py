"""One command of `python -m server` a file: NAME.py holds a click command named `command`, and is found by that."""
