"""What codemem-ollama offers."""

from collections.abc import Iterator

from codemem_core.api import ObserverRuntime, Setting, hookimpl

CODEMEM_API = 1

RECORD = ObserverRuntime(
    name="ollama",
    target="codemem_ollama.chat:Ollama",
    default_model="llama3.2",
    needs_credential=False,
    help="A local model, served by Ollama.",
)

SETTING = Setting(
    "ollama_url",
    "CODEMEM_OLLAMA_URL",
    kind="text",
    default="http://127.0.0.1:11434",
    help="Address of the Ollama server.",
)


@hookimpl
def codemem_observer_runtimes() -> Iterator[ObserverRuntime]:
    """A local model."""
    yield RECORD


@hookimpl
def codemem_settings() -> Iterator[Setting]:
    """Where Ollama listens."""
    yield SETTING
