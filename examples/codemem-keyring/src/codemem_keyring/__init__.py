"""Takes the observer's credential from the system's keyring."""
