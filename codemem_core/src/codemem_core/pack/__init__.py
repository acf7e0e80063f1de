"""From a question to the text that goes into a prompt."""
