"""Observes with a model that Ollama serves on this machine."""
