// Navigation, forms and live updates. The server renders every page; this asks for it with the key
// and puts it into the frame. `/health` in the address bar is `/api/pages/health` of the server.

import { ask, findKey, unlock } from "/assets/key.js";
import { append, parse, renew } from "/assets/list.js";
import { watch } from "/assets/live.js";

const TYPING_MS = 120;
const GATHER_MS = 150;
const UNDO_MS = 12_000;
const page = document.getElementById("page");
let asked = 0;
let renewed = null;

async function fetchPage(url) {
  const name = url.pathname === "/" ? "/feed" : url.pathname;
  return parse(await ask(`/api/pages${name}${url.search}`, { html: true }));
}

// Fetch a page and hand it to `put`, unless somebody asks for another one meanwhile. A `quiet` one
// gives way to any other.
async function show(url, put = fill, { quiet = false } = {}) {
  const own = quiet ? asked : ++asked;
  if (!quiet) page.setAttribute("aria-busy", "true");
  try {
    const fresh = await fetchPage(url);
    if (own === asked) put(fresh, url);
  } catch (error) {
    fail(error);
  }
  if (!quiet && own === asked) page.removeAttribute("aria-busy");
}

function fill(fresh, url) {
  page.replaceChildren(fresh);
  document.title = `${page.querySelector("h1")?.textContent.trim() ?? "codemem"} · codemem`;
  const part = { "/session": "/sessions", "/memory": "/" }[url.pathname] ?? url.pathname;
  for (const link of document.querySelectorAll(".side nav a")) {
    link.ariaCurrent = link.pathname === part ? "page" : null;
    if (link.ariaCurrent) link.parentElement.scrollLeft = link.offsetLeft - 2 * link.offsetWidth;
  }
  const target = url.hash && document.getElementById(url.hash.slice(1));
  target?.classList?.add("new");
  target?.scrollIntoView?.({ block: "center" });
}

function fail(error) {
  if (error.status === 401) {
    page.replaceChildren(document.getElementById("locked").content.cloneNode(true));
    page.querySelector("input").focus();
  } else {
    say(error.status ? `${error.message} ${error.hint ?? ""}` : "The server does not answer");
  }
}

function go(href) {
  const url = new URL(href, location);
  history.pushState(null, "", url);
  scrollTo(0, 0);
  show(url).then(() => page.focus({ preventScroll: true }));
}

// Renew the parts of the page that listen to one of `names`, or all that listen to anything.
async function refresh(names) {
  const listens = (part) => !names || part.dataset.on.split(" ").some((each) => names.has(each));
  const parts = [...page.querySelectorAll("[data-on]")].filter(listens);
  const put = (fresh) => {
    for (const old of parts) {
      const now = fresh.getElementById(old.id);
      if (now) renew(old, now);
    }
  };
  if (parts.length) await show(new URL(location), put, { quiet: true });
}

// --- forms and buttons ---------------------------------------------------------------------------

function valueOf(field) {
  if (field.type === "checkbox") return field.checked;
  if (field.type === "number") return field.valueAsNumber; // an empty one is null in JSON
  if ("lines" in field.dataset) return field.value.split("\n").filter((line) => line.trim());
  return field.value;
}

function values(form) {
  const named = [...form.elements].filter((field) => field.name);
  return Object.fromEntries(named.map((field) => [field.name, valueOf(field)]));
}

async function send(path, body) {
  try {
    const { said, undo } = await ask(path, { body });
    say(said, undo);
    await refresh();
  } catch (error) {
    fail(error);
  }
}

function filter(form) {
  const wanted = new URLSearchParams([...new FormData(form)].filter(([, value]) => value));
  const url = new URL(`${location.pathname}?${wanted}`, location);
  history.replaceState(null, "", url);
  const part = form.dataset.filter;
  show(url, (fresh) => document.getElementById(part).replaceWith(fresh.getElementById(part)));
}

async function older(button) {
  const url = new URL(location);
  url.searchParams.set("after", button.dataset.older);
  button.disabled = true;
  await show(url, (fresh) => append(button.closest("ol"), fresh), { quiet: true });
}

function say(text, undo) {
  const line = document.createElement("p");
  line.append(text);
  if (undo) {
    const button = document.createElement("button");
    button.textContent = "Undo";
    button.addEventListener("click", () => send(undo.path, undo.body));
    line.append(button);
  }
  document.getElementById("said").replaceChildren(line);
  setTimeout(() => line.remove(), UNDO_MS);
}

document.addEventListener("submit", async (event) => {
  const form = event.target;
  event.preventDefault();
  if (form.id === "unlock") {
    await unlock(form.key.value).then(
      () => location.reload(),
      (error) => say(`${error.message}; ${error.hint ?? ""}`),
    );
  } else if (form.dataset.filter) {
    filter(form);
  } else if (form.dataset.page) {
    const answer = await ask(form.dataset.page, { body: values(form), html: true }).catch(fail);
    if (answer) fill(parse(answer), new URL(location));
  } else if (form.dataset.send) {
    form.closest("details")?.removeAttribute("open");
    document.activeElement?.blur();
    send(form.dataset.send, values(form));
  }
});

document.addEventListener("click", (event) => {
  const link = event.target.closest("a[href]");
  const plain = !(event.ctrlKey || event.metaKey || event.shiftKey || event.button);
  if (link && plain && link.origin === location.origin && !link.matches(".skip")) {
    event.preventDefault();
    go(link.href);
  }
  const button = event.target.closest("button");
  if (button?.dataset.send) {
    button.blur();
    send(button.dataset.send, JSON.parse(button.dataset.body ?? "{}"));
  } else if (button?.dataset.older) older(button);
  else if (button && "close" in button.dataset) button.closest("details").open = false;
  else if (button?.id === "theme") turnTheme();
});

let typing;
document.addEventListener("input", ({ target }) => {
  const form = target.closest("form[data-filter]");
  clearTimeout(typing);
  if (form) typing = setTimeout(() => filter(form), target.type === "search" ? TYPING_MS : 0);
});

document.addEventListener("keydown", (event) => {
  if (event.target.matches("input, textarea, select") || event.ctrlKey || event.metaKey || event.altKey) return;
  const items = [...page.querySelectorAll(".memory")];
  const at = items.indexOf(document.activeElement?.closest(".memory"));
  const next = { j: items[at + 1], k: items[at - 1], "/": document.getElementById("q") }[event.key];
  if (!next) return;
  event.preventDefault();
  next.focus();
});

// --- theme, live, start --------------------------------------------------------------------------

const root = document.documentElement;
const THEME = "codemem-theme";
root.dataset.theme = localStorage.getItem(THEME) ?? "";

function turnTheme() {
  const now = root.dataset.theme || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
  localStorage.setItem(THEME, (root.dataset.theme = now === "dark" ? "light" : "dark"));
}

let heard = new Set();
async function hear(name) {
  const first = !heard.size;
  heard.add(name.split(" ")[0]); // `flush started` is for whoever wants `flush`
  if (!first) return;
  await new Promise((resolve) => setTimeout(resolve, GATHER_MS));
  await renewed; // one at a time: a slow page must not be asked for twice at once
  renewed = refresh(heard);
  heard = new Set();
}

function state(now) {
  const shown = document.getElementById("live");
  shown.dataset.state = now;
  shown.textContent = now === "on" ? "live" : "not connected";
}

addEventListener("popstate", () => show(new URL(location)));
await findKey();
await show(new URL(location));
watch(hear, state).catch(fail);
