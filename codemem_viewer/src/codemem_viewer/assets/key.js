// The key to the server, and requests that show it. The printed link holds a code in its fragment,
// which no browser sends anywhere; the server takes it once and gives a key, which stays in this
// tab's sessionStorage and is worth nothing once the server has stopped. No cookie: cookies ignore
// ports, so every other server on this machine would be sent it.

const NAME = "codemem-key";
const ANSWER_MS = 150;
const tabs = new BroadcastChannel(NAME); // reaches this very origin, port included
let heard = () => {};

tabs.addEventListener("message", ({ data }) => {
  const own = sessionStorage.getItem(NAME);
  if (data.key && !own) keep(data.key);
  if (data.key) heard();
  else if (own) tabs.postMessage({ key: own }); // another tab was opened beside this one
});

function keep(key) {
  sessionStorage.setItem(NAME, key);
}

// Exchange the code of a link, or a token, for a key. Throws what the server refuses.
export async function unlock(given) {
  const code = given.trim().replace(/^.*#(code|token)=/, "");
  keep((await ask("/api/links/open", { body: { code } })).key);
}

export async function findKey() {
  if (/^#(code|token)=/.test(location.hash)) {
    const link = location.hash;
    history.replaceState(null, "", location.pathname + location.search);
    await unlock(link).catch(() => {}); // opened before: another tab may have the key
  }
  if (sessionStorage.getItem(NAME)) return;
  await new Promise((resolve) => {
    heard = resolve;
    setTimeout(resolve, ANSWER_MS);
    tabs.postMessage({});
  });
}

// Ask the server for `path`; with `html` it answers with a page, else with an object. What it
// refuses is thrown: an Error with `status` and `hint`.
export async function ask(path, { body, html = false, signal } = {}) {
  const headers = { Authorization: `Bearer ${sessionStorage.getItem(NAME) ?? ""}` };
  if (html) headers.Accept = "text/html";
  const sent = body && { method: "POST", body: JSON.stringify(body) };
  if (sent) headers["Content-Type"] = "application/json";
  const answer = await fetch(path, { ...sent, headers, signal });
  if (!answer.ok) {
    const { error, hint } = await answer.json().catch(() => ({}));
    throw Object.assign(new Error(error ?? answer.statusText), { status: answer.status, hint });
  }
  if (path === "/api/stream") return answer.body;
  return html ? answer.text() : answer.json();
}
