"""What tests of every kind share: a browser, free ports, a folder for pictures."""
