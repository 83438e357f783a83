"""`python -m server COMMAND`."""

from server.cli import main

if __name__ == "__main__":
    main()
