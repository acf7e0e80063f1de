"""Text that a model takes for data: no unseen characters, no marks by which roles are told apart.

On the hook path: `re` only. The patterns take a millisecond to compile, so only text that needs
them pays for them.
"""

from __future__ import annotations

import re

# Control characters, zero width, direction marks, tags, variation selectors: nothing a person sees.
_UNSEEN = (
    "[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f"
    "\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb"
    "\ud800-\udfff\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
# Tags by which a host or a chat template marks its own words, and ours. Others (`List<str>`,
# `<div>`) stay readable.
_TAG = (
    r"(?i)<(?=\s*(?:/|\\/|\|)?\s*(?:system|codemem|user|assistant|human|developer|tool|function"
    r"|invoke|parameter|antml|command|local-command|task|bash-|ide_|instruction|important|private"
    r"|hook|think|im_|start_|end_|begin_|eot|eom|bos|eos|channel|message|turn|role|context|memory"
    r"|override|admin|agent|s>|\|))|<(?=\s*<\s*/?\s*SYS)"
)
_BRACKET = r"(?i)\[(?=\s*/?\s*(?:INST|SYS|SYSTEM|USER|ASSISTANT|TOOL|AVAILABLE_TOOLS|TOOL_\w+)\b)"
_ROLES = ("system", "human", "user", "assistant", "developer")
_ROLE = rf"(?im)^(\W{{0,4}})({'|'.join(_ROLES)})(?=\s*:)"
# Other characters that read as `<`, `[`, `|` and `/` to a person and to many models.
_LOOKALIKES = "\uff1c\ufe64\u2039\u3008\u27e8\u276e\u02c2\uff3b\u3010\uff5c\u2223\uff0f"
_WIDE = "\uff01-\uff5e\u2100-\u214f\U0001d400-\U0001d7ff"


def neutral(text: str) -> str:
    """Return the text without unseen characters, and with the marks of roles defused.

    Lines stay lines. Neutral text stays as it is.
    """
    if not text.isascii():
        text = _plain_forms(re.sub(_UNSEEN, "", text))
    elif not text.isprintable():
        text = re.sub(_UNSEEN, "", text)
    if "<" in text:
        text = re.sub(_TAG, "&lt;", text)
    if "[" in text:
        text = re.sub(_BRACKET, "&#91;", text)
    if ":" in text and any(role in text.lower() for role in _ROLES):
        text = re.sub(_ROLE, r'\1"\2"', text)
    return text


def _plain_forms(text: str) -> str:
    """Return the text with the plain form of characters where a lookalike opens a mark."""
    if re.search(f"[{_LOOKALIKES}]", text) is None and not (
        ("<" in text or "[" in text) and re.search(f"[{_WIDE}]", text)
    ):
        return text
    import unicodedata  # noqa: PLC0415 - rarely needed on the hook path

    plain = unicodedata.normalize("NFKC", text)
    for lookalike in "\u2039\u3008\u27e8\u276e\u02c2":
        plain = plain.replace(lookalike, "<")
    plain = plain.replace("\u3010", "[").replace("\u2223", "|")
    marked = re.search(_TAG, plain) or re.search(_BRACKET, plain)
    return plain if marked else text
