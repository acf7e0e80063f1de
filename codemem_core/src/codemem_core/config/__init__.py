"""Settings, and the file they are read from."""
