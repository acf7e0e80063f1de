// What a secret looks like: the tables of codemem's `redact.py`, kept equal by a test.
//
// JavaScript has no possessive repetition: `(?=(?<name>…))\k<name>` stands for it.

/**
 * Kind, what the issuer's keys start with, what follows.
 * @type {[string, string[], string][]}
 */
export const PREFIXED = [
  ["anthropic", ["sk-ant-"], String.raw`[\w-]{20,}`],
  ["openai", ["sk-proj-", "sk-svcacct-", "sk-admin-"], String.raw`[\w-]{20,}`],
  ["openai", ["sk-"], String.raw`(?=[A-Za-z_-]{0,64}\d)(?:[A-Za-z0-9]{1,12}-){0,3}\w{20,}`],
  ["github", ["ghp_", "gho_", "ghu_", "ghs_", "ghr_"], String.raw`[A-Za-z0-9]{30,}`],
  ["github", ["github_pat_"], String.raw`\w{22,}`],
  ["gitlab", ["glpat-", "gldt-", "glrt-", "glptt-"], String.raw`[\w-]{20,}(?:\.[\w-]{2,16}){0,2}`],
  ["aws", ["AKIA", "ASIA"], String.raw`[A-Z0-9]{16}(?![A-Za-z0-9])`],
  ["google", ["AIza"], String.raw`[\w-]{35}`],
  ["google", ["GOCSPX-", "ya29."], String.raw`[\w-]{20,}`],
  [
    "slack",
    ["xoxb-", "xoxp-", "xoxa-", "xoxs-", "xoxr-", "xoxe-", "xapp-"],
    String.raw`[\w-]{10,}`,
  ],
  [
    "stripe",
    ["sk_live_", "rk_live_", "sk_test_", "rk_test_", "whsec_"],
    String.raw`[A-Za-z0-9]{16,}`,
  ],
  ["huggingface", ["hf_"], String.raw`[A-Za-z0-9]{30,}`],
  ["npm", ["npm_"], String.raw`[A-Za-z0-9]{36}`],
  ["pypi", ["pypi-"], String.raw`(?=[A-Za-z_-]{0,64}\d)[\w-]{50,}`],
  ["sendgrid", ["SG."], String.raw`[\w-]{16,32}\.[\w-]{32,64}`],
  ["jwt", ["eyJ"], String.raw`[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{10,}`],
  ["vendor", ["dop_v1_", "glsa_", "gsk_", "lin_api_", "shpat_", "dckr_pat_"], String.raw`\w{20,}`],
  ["vendor", ["hvs.", "xai-", "AGE-SECRET-KEY-1"], String.raw`[\w-]{24,}`],
];

const PEM_GAP = String.raw`[\s\\nrt\d→"'+,|>:]{0,24}`; // between the lines: breaks, quotes, numbers
const IS = String.raw`[\\"'\]]{0,4}\s{0,3}[:=,]\s{0,3}[\\"'${"`"}]{0,3}`;
const WITH_DIGIT = String.raw`(?=[A-Za-z._~+/=:-]{0,64}\d)(?=(?<secret>[\w.~+/=:-]{12,}))\k<secret>(?!\()`;

/**
 * Kind, words one of which must occur (lower case), pattern.
 * @type {[string, string[], string][]}
 */
export const SHAPED = [
  [
    "private-key",
    ["private key"],
    String.raw`(?<secret>-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----` +
      String.raw`(?=${PEM_GAP}(?:[A-Za-z0-9+/=]{10}|[A-Z][A-Za-z-]{2,20}: ))` +
      String.raw`(?:[^-]*(?:-{1,4}(?!-)[^-]*)*-----END [A-Z0-9 ]{0,40}-----` +
      String.raw`|(?:${PEM_GAP}[A-Za-z0-9+/=]{10,})*))`,
  ],
  [
    "url",
    ["://"],
    String.raw`:\/\/[^\s/:@"'${"`"}<>]{0,128}:(?!\d{1,5}\?)(?<secret>[^\s/"'${"`"}<>]{3,256})@`,
  ],
  [
    "basic",
    ["basic"],
    String.raw`authorization${IS}basic\s{1,3}(?<secret>[A-Za-z0-9+/]{8,}={0,2})`,
  ],
  [
    "bearer",
    ["authorization"],
    String.raw`authorization${IS}(?:(?:bearer|token|apikey|digest)\s{1,3})?${WITH_DIGIT}`,
  ],
  ["bearer", ["bearer"], String.raw`bearer\s{1,3}${WITH_DIGIT}`],
  ["cookie", ["cookie:"], String.raw`cookie: ?(?<secret>[\w.-]{1,64}=[^\r\n"'\\]{8,4096})`],
  [
    "aws",
    ["redacted:aws"], // the id beside it is masked by now
    String.raw`\[REDACTED:aws:\w{4}\][\s,:;|"']{1,8}(?<secret>[A-Za-z0-9/+]{40})(?![\w/+=])`,
  ],
  ["azure", ["sig="], String.raw`[?&]sig=(?<secret>[\w%+/=-]{32,})`],
  ["telegram", [":aa"], String.raw`(?<!\d)\d{8,10}:(?<secret>AA[\w-]{33})`],
  ["slack", ["hooks.slack"], String.raw`hooks\.slack\.com\/services\/(?<secret>[\w/]{20,})`],
  ["discord", ["/webhooks/"], String.raw`\/api\/webhooks\/\d{5,24}\/(?<secret>[\w-]{40,})`],
  [
    "login",
    ["-u ", "--user"],
    String.raw`\s(?:-u|--user)[ =]["']?[^\s:"'$]{1,64}:(?!\d+\s)(?<secret>[^\s"']{4,256})`,
  ],
  ["login", ["pwd="], String.raw`(?:\b|_)pwd=(?<secret>[^\s;,)"'/\\~.][^\s;,)"']{3,256})`],
];

/** Words one of which is in every telling name. */
export const NAME_WORDS = [
  "token",
  "secret",
  "passw",
  "passphrase",
  "key",
  "authorization",
  "cookie",
];

const QUOTED = String.raw`(?<quote>\\{0,3}["'${"`"}])(?<quoted>(?:(?!\k<quote>)(?:\\.|\S)){4,1024})\k<quote>`;
const BARE = String.raw`(?<bare>(?:[^\s"'${"`"},;\\]{1,256}|\\(?![nrt"'${"`"}\\])){1,4})`;
/** A telling name with a value beside it. */
export const NAMED = new RegExp(
  "(?:token|secret|passw(?:or)?d|passphrase|(?:api|access|account|private|signing|encryption|" +
    String.raw`master)[-_. ]?key|authorization|cookie)(?=(?<tail>[\w.-]{0,40}))\k<tail>` +
    String.raw`\\{0,3}["'${"`"}]?\]?` +
    String.raw`(?<between>[ \t]{0,3}(?:=>|[:!=]{0,2}=|:)[ \t]{0,3}|[ \t]{1,3})` +
    String.raw`(?:[bruf]{0,2}${QUOTED}|${BARE})`,
  "dgi",
);
/** The start of a name, before its telling word; in `\nTOKEN=` the n is a line break. */
export const HEAD = /(?<!\\)[\w.-]*$/;

/** Words of a name: `clientSecret` and `CLIENT-SECRET` are `client_secret`. */
export const WORD = /[A-Z]+(?![a-z])|[A-Z]?[a-z]+/g;
export const SENSITIVE = new RegExp(
  "(?:^|_)(?:token|secrets?|passwords?|passwd|passphrase|passcode|authorization|cookies?|" +
    "(?:api|access|account|private|signing|encryption|master)_?key)(?:_|$)" +
    "|(?:password|passwd|apikey|authtoken|accesstoken)(?:_|$)", // PGPASSWORD
);
/** It counts or describes secrets. */
export const ABOUT = new RegExp(
  "^(?:max|min|num|total)_|_(?:budget|counts?|limit|max|min|usage|used|length|size|total|types?|" +
    "names?|in|at|expiry|expires|ttl|age|ur[il]|endpoint|path|file|field|label|policy|hint|" +
    "placeholder|required|prompt|error|message)$",
);
export const HARMLESS = new RegExp(
  "^(?:" +
    [
      String.raw`\[REDACTED:[\w-]+:[0-9a-f]{4}\]|\$[({].*|\$[a-z_]\w*(?:->.*)?|%[sdr]\b.*|%\(.*|%\w+%`,
      String.raw`[#$]?\{.*\}|\{\{.*|<.*>|[*x._-]+|none|null|nil|true|false|undefined|unset`,
      "empty|str|string|bytes|text|any|object|number|boolean|optional|required",
      "hidden|pass|password|passwd|pw|pwd|secret|token",
    ].join("|") +
    ")$",
  "is",
);
/** A call, an index, a generic type; or attributes of something. */
export const CODE = new RegExp(
  String.raw`^(?:[a-z_]\w{0,64}(?:\??[.:]{1,2}[a-z_]\w{0,64}){0,16}[([{<]|[a-z_]+(?:\??\.[a-z_]+)+$)`,
  "i",
);
