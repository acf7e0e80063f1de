"""The database file: connections, write turns and schema steps."""
