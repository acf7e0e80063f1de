// The key to the server. It comes in the fragment of the printed link, which no browser sends
// anywhere, and stays in this tab's sessionStorage. No cookie: cookies ignore ports, so every
// other server on this machine would be sent it.

const NAME = "codemem-key";
const ANSWER_MS = 150;
const tabs = new BroadcastChannel(NAME);

// Another tab of this very origin asks: a link that was opened beside this page.
tabs.addEventListener("message", ({ data }) => {
  const own = sessionStorage.getItem(NAME);
  if (data === "?" && own) tabs.postMessage({ key: own });
});

export function keep(key) {
  sessionStorage.setItem(NAME, key);
}

export async function findKey() {
  const given = new URLSearchParams(location.hash.slice(1)).get("token");
  if (given) {
    keep(given);
    history.replaceState(null, "", location.pathname + location.search);
  }
  if (!sessionStorage.getItem(NAME)) await askOtherTabs();
}

function askOtherTabs() {
  return new Promise((resolve) => {
    const hear = ({ data }) => {
      if (data.key) keep(data.key);
      if (data.key) resolve();
    };
    tabs.addEventListener("message", hear, { once: false });
    setTimeout(resolve, ANSWER_MS);
    tabs.postMessage("?");
  });
}

export class Refused extends Error {
  constructor(status, message, hint = "") {
    super(message);
    this.status = status;
    this.hint = hint;
  }
}

// Ask the server for `path`; `html` asks for a page, else the answer is an object.
export async function ask(path, { body, html = false, signal } = {}) {
  const headers = { Authorization: `Bearer ${sessionStorage.getItem(NAME) ?? ""}` };
  if (html) headers.Accept = "text/html";
  if (body !== undefined) headers["Content-Type"] = "application/json";
  const answer = await fetch(path, {
    method: body === undefined ? "GET" : "POST",
    headers,
    body: body === undefined ? undefined : JSON.stringify(body),
    signal,
  });
  if (!answer.ok) {
    const { error, hint } = await answer.json().catch(() => ({}));
    throw new Refused(answer.status, error ?? answer.statusText, hint);
  }
  if (path === "/api/stream") return answer.body;
  return html ? answer.text() : answer.json();
}
