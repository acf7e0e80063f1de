"""A Messages API on the loopback that answers from a script, in the true streaming wire format."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

from story import Turn

CHUNK_CHARS = 40


def stream_events(turn: Turn, *, index: int) -> Iterator[Mapping[str, object]]:
    """Yield the stream events of one answer; `index` makes its ids unique and repeatable."""
    message: Mapping[str, object] = {
        "id": f"msg_{index:024d}",
        "type": "message",
        "role": "assistant",
        "model": "claude-sonnet-4-5",
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": {"input_tokens": 1, "output_tokens": 1},
    }
    yield {"type": "message_start", "message": message}
    yield from _block(0, {"type": "text", "text": ""}, kind="text", value=turn.says)
    if turn.tool:
        call: Mapping[str, object] = {
            "type": "tool_use",
            "id": f"toolu_{index:024d}",
            "name": turn.tool,
            "input": {},
        }
        yield from _block(1, call, kind="input_json", value=json.dumps(dict(turn.arguments)))
    stop = {"stop_reason": "tool_use" if turn.tool else "end_turn", "stop_sequence": None}
    yield {"type": "message_delta", "delta": stop, "usage": {"output_tokens": 1}}
    yield {"type": "message_stop"}


def _block(
    index: int, block: Mapping[str, object], *, kind: str, value: str
) -> Iterator[Mapping[str, object]]:
    """Yield one content block, its value in small pieces as the real endpoint sends it."""
    field = "partial_json" if kind == "input_json" else kind
    yield {"type": "content_block_start", "index": index, "content_block": block}
    for start in range(0, len(value), CHUNK_CHARS):
        piece = {"type": f"{kind}_delta", field: value[start : start + CHUNK_CHARS]}
        yield {"type": "content_block_delta", "index": index, "delta": piece}
    yield {"type": "content_block_stop", "index": index}


@contextmanager
def serve(turns: Sequence[Turn]) -> Iterator[str]:
    """Run the endpoint; give its base URL.

    The answers already in a request say which turn comes next: a retry gets the same one again.
    """

    class Endpoint(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            index = sum(message["role"] == "assistant" for message in body["messages"])
            if not self.path.startswith("/v1/messages?") or index >= len(turns):
                self.send_error(404, "not in the script")
                return
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.end_headers()
            for event in stream_events(turns[index], index=index):
                self.wfile.write(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode())

        def log_message(self, format: str, *args: object) -> None:
            """Stay quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Endpoint)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
