"""The command line: parses, calls the app, prints. Exit code 0 ok, 1 failed, 2 usage."""
