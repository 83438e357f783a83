"""What the pages ask for and write down. Each book answers one of their ports, over store, schedule, logs, accounts."""
