"""The program's commands, each imported when it is called."""
