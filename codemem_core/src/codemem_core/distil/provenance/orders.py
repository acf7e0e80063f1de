"""What a sentence asks for: an order, a command, an address, or only a fact.

Used on text that nobody vouches for, so the questions are not each other's opposite: `gives_orders`
finds what clearly asks for something, `is_fact` wants a statement it can recognise. Of a sentence
in a language it does not know, both say no.
"""

from __future__ import annotations

import re

from codemem_core.distil.provenance.sentences import folded

_COMMAND = re.compile(
    r"\b(?:curl|wget|sudo|chmod|chown|eval|base64|powershell|iex|invoke-\w+|nc|ncat|netcat|ssh|scp"
    r"|bash|zsh|sh)\s+[-\w'\"$/~.<(]|\|\s*(?:sudo\s+)?(?:ba|z|da)?sh\b|\brm\s+-\w*[rf]"
    r"|\b(?:npm|pnpm|yarn|bun|pip3?|pipx|uv|poetry|cargo|gem|brew|apt(?:-get)?|dnf|composer|go|deno)"
    r"\s+(?:i|install|ci|run|add|exec|x|dlx|test|start|publish|config|set|link|create|init|get"
    r"|uninstall|remove|update|upgrade|audit|sync|tool|build|-\w+|--\w[\w-]*)\b"
    r"|\b(?:npx|bunx|uvx)\s+[-\w@]"
    r"|\bgit\s+(?:clone|config|push|pull|fetch|commit|checkout|reset|remote|add|rebase|apply|am"
    r"|submodule|switch|restore|clean|stash|tag|merge|-\w)\b"
    r"|\b(?:docker|podman|kubectl|helm)\s+(?:run|exec|pull|apply|create|delete|build|compose|cp"
    r"|install|upgrade)\b"
    r"|\b(?:python3?|node|php|ruby|perl|make|tsx)\s+(?:-\w|[\w./-]+\.\w{1,4}\b)"
    r"|\$\(|&&|\|\||>>|;\s*\w+\s+-|(?<!\w)\$\s+\w|\bimport\(|\b(?:exec|system|popen|spawn)\(",
    re.IGNORECASE,
)
_GRAVE = re.compile(
    r"\b(?:curl|wget|sudo|chmod|chown|eval|base64|powershell|iex|invoke-\w+|nc|ncat|netcat|ssh|scp)\b"
    r"|\|\s*(?:sudo\s+)?(?:ba|z|da)?sh\b|\brm\s+-|\b(?:install|add|npx|bunx|uvx|dlx|i)\s+[-@\w]"
    r"|\bgit\s+(?:config|clone|push)|\bnpm\s+(?:config|i\b)",
    re.IGNORECASE,
)
_SPAN = re.compile(r"`+[^`]*`+")
_CODE = re.compile(r"`+[^`]*[\s|;&$/][^`]*`+|```")
_ADDRESS = re.compile(
    r"[a-z][a-z0-9+.-]*:(?://|\\/\\/)|\bwww\.|\bhxxps?\b|[\w.+-]+@[\w-]+\.\w"
    r"|(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?![\w.])"
    r"|\b(?:[a-z0-9-]+\.)+(?:com|org|net|io|dev|sh|ai|app|co|me|info|biz|xyz|ru|cn|de|uk|eu|fr|jp"
    r"|us|in|tk|top|site|online|cloud|page|link|click|gg|ly|to|cc|tv|example|test|invalid|onion"
    r"|internal|local)(?:[/:?#]|\b(?!\.\w))",
    re.IGNORECASE,
)
_ROLE = re.compile(
    r"<\s*/?\s*[a-z][\w-]*[\s>/]|<\|?\w+\|?>|\[/?\s*(?:INST|SYS|system|user|assistant)\b|<<\s*SYS"
    r"|^\W{0,8}(?:system|human|user|assistant|developer|tool)\s*:|\b(?:system|developer) prompt\b"
    r"|###\s*(?:instruction|response|system|user)|\{\{|\}\}",
    re.IGNORECASE,
)
_SECRET = re.compile(
    r"\b(?:pass(?:word|phrase|wd)s?|secrets?|credentials?|api[ _-]?keys?|access[ _-]?keys?"
    r"|private[ _-]?keys?|id_rsa|\.ssh|\.env\b|\.netrc|\.aws|tokens?\s*[=:]|bearer|kennwort"
    r"|passwort|contrase\w+|mot de passe|senha)|密码|密碼|口令|密钥|パスワード|비밀번호|парол",
    re.IGNORECASE,
)
_MUST = re.compile(
    r"\b(?:always|never|must(?:n't)?|should(?:n't)?|shall|ought|have to|has to|need(?:s|ed)? to"
    r"|required? to|requires? that|make sure|ensure|be sure|remember to|don'?t|do not"
    r"|mandatory|forbidden|prohibited|not allowed|allowed to|from now on|going forward|henceforth"
    r"|instead of|ignore|disregard|forget|override|bypass|skip|important|attention|warning|urgent"
    r"|note to|instructions?|instructed|policy|policies|please|kindly|let'?s|go ahead|proceed"
    r"|rule|obey|comply|follow|prefer(?:red|s)?|recommend(?:ed|s)?|advis(?:e|ed)|suggest(?:ed|s)?"
    r"|approved|authori[sz]ed|by default you|before (?:you|each|every|any|committing|running)"
    r"|after (?:you|each|every|committing|running)|every (?:time|session|commit|test|run|build))\b"
    # German, French, Spanish, Portuguese, Italian, Dutch
    r"|\b(?:immer|niemals|nie|muss|m\u00fcssen|soll(?:en|te|test)?|darf|d\u00fcrfen|bitte|unbedingt"
    r"|ab jetzt|k\u00fcnftig|toujours|jamais|doit|doivent|devez|il faut|veuillez|d\u00e9sormais"
    r"|siempre|nunca|debe[ns]?|deber\u00edas?|hay que|por favor|aseg\u00farate|sempre|deve[m]?"
    r"|precisa[m]?|certifique|a partir de|mai|devono|bisogna|per favore|assicurati|altijd|nooit"
    r"|moet(?:en)?|alstublieft|zorg)\b"
    r"|всегда|никогда|долж[енн]|нужно|следует|необходимо|пожалуйста"
    r"|必须|必須|应该|應該|务必|務必|总是|總是|不要|不得|禁止|请(?!求)|請(?!求)|一律|今后|今後"
    r"|べき|なければ|ください|下さい|必ず|いつも|常に|しないで|すること|항상|절대|반드시|해야|하세요|주세요",
    re.IGNORECASE,
)
_ADDRESSEE = re.compile(
    r"\b(?:you|your|yours|yourself|we|our|us|i|my|me|agents?|assistants?|ai|llms?|models?|chatbots?"
    r"|claude|copilot|codex|gemini|cursor|opencode|memor(?:y|ies)|session|conversation|context"
    r"|users?|owner|maintainers?|team|developers?|operator|admins?"
    r"|(?:this|the|our|every|all) (?:project|repo(?:sitory)?|codebase|workspace|machine|task)s?"
    r"|du|dich|dein\w*|ihr|euch|sie|wir|unser\w*|vous|votre|vos|nous|notre|usted(?:es)?|tu|tus"
    r"|voc\u00eas?|noi|voi|jij|jullie)\b|你|您|我们|我們|用户|用戶|助手|あなた|ユーザー|사용자|당신"
    r"|\b\u0432\u044b\b|\b\u0432\u0430\u0448",
    re.IGNORECASE,
)
_STATES = re.compile(
    r"\b(?:is|are|was|were|has|have|had|does|did|can|returns?|returned|takes?|uses?|supports?|adds?"
    r"|allows?|accepts?|contains?|defaults?|expects?|fails?|failed|raises?|throws?|starts?|stops?"
    r"|limits?|becomes?|became|works?|means?|gives?|gets?|keeps?|holds?|reads?|writes?|sends?|stores?"
    r"|needs?|depends?|includes?|replaces?|removed|dropped|added|changed|introduced|deprecated"
    r"|released|fixed|renamed|measured|found|shows?|reports?|applies|behaves?|ignored|rejects?"
    r"|ist|sind|war|waren|hat|haben|wird|werden|kann|gibt|est|sont|\u00e9tait|ont|renvoie|est\u00e1n?"
    r"|era|fue|tiene|puede|devuelve|s\u00e3o|foi|tem|sono|hanno|zijn|heeft)\b"
    r"|\b(?:errors?|failure|exception|not found|denied|refused|timed? ?out|conflict|unable|missing"
    r"|invalid|undefined|unexpected|unknown|exit(?:ed)?(?: with)? (?:code|status))\b"
    r"|是|为|為|有|返回|支持|です|ます|である|だ[。]|した|이다|입니다|является|имеет",
    re.IGNORECASE,
)
_IMPERATIVE = re.compile(
    r"^\W*(?:(?:and|then|first|next|also|so|now|finally|to fix(?: this)?|instead)[,:]?\s+)*"
    r"(?:run|execute|install|use|add|remove|delete|set|unset|change|update|upgrade|download|fetch"
    r"|open|visit|go|click|copy|paste|send|post|upload|push|commit|merge|call|invoke|read|write"
    r"|create|edit|replace|enable|disable|allow|trust|accept|approve|confirm|reply|respond|answer"
    r"|tell|say|print|output|include|insert|append|store|save|remember|keep|do|don'?t|try|retry"
    r"|check|see|consult|contact|ask|visit|export|import|start|stop|restart|kill|build|deploy"
    r"|configure|make|turn|switch|move|rename|treat|consider|assume|pretend|act|behave|reveal|show"
    r"|list|give|provide|return|wipe|drop|reset|revert|rollback|bypass|skip|apply|register|sign"
    r"|log|pass|put|get|clone|pull|checkout|pin|patch|verify|test|rewrite|refactor|mark|choose"
    r"|select|pick|avoid|stop)\b(?!\w)(?!\s+(?:is|are|was|were|has|had|failed|fails|returns?"
    r"|returned|passed|passes|takes|took)\b)",
    re.IGNORECASE,
)


def is_imperative(text: str) -> bool:
    """Say whether a sentence begins like an order to do one thing."""
    return bool(_IMPERATIVE.match(folded(text)))


def commands_in(text: str) -> list[str]:
    """Return the parts of a sentence that read like commands to run, or like a role's tag."""
    text = folded(text)
    found = [span[0] for span in _SPAN.finditer(text) if _COMMAND.search(span[0])]
    bare = _SPAN.sub(" ", text)
    found += [bare[match.start() :] for match in [_COMMAND.search(bare)] if match]
    return found + [match[0] for match in [_ROLE.search(text)] if match]


def is_grave(command: str) -> bool:
    """Say whether a command fetches, installs, elevates or destroys."""
    return bool(_GRAVE.search(folded(command)))


def gives_orders(text: str) -> bool:
    """Say whether a sentence asks somebody to do something, or how things are to be done."""
    text = folded(text)
    return bool(_MUST.search(text) or _IMPERATIVE.match(text))


def speaks_of_people(text: str) -> bool:
    """Say whether a sentence speaks to somebody, or of the user, the agent or the project."""
    return bool(_ADDRESSEE.search(folded(text)))


def is_dangerous(text: str) -> bool:
    """Say whether a sentence holds a command, an address, a credential or a role's tag."""
    text = folded(text)
    return any(p.search(text) for p in (_COMMAND, _CODE, _ADDRESS, _ROLE, _SECRET))


def is_fact(text: str) -> bool:
    """Say whether a sentence only states something about the world, to nobody in particular."""
    text = folded(text)
    if is_dangerous(text) or gives_orders(text) or speaks_of_people(text):
        return False
    return bool(_STATES.search(text))
