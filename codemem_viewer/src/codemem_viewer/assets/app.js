// Navigation, forms and live updates. The server renders every page; this asks for it with the key
// and puts it into the frame. `/health` in the address bar is `/api/pages/health` of the server.

import { ask, findKey, unlock } from "/assets/key.js";
import { append, parse, renew } from "/assets/list.js";
import { watch } from "/assets/live.js";
import { clearPicked, edit, renewUnfolded, rowOf, showPicked, unfold } from "/assets/rows.js";
import { listen } from "/assets/shortcuts.js";

const TYPING_MS = 120;
const GATHER_MS = 150;
const UNDO_MS = 12_000;
const page = document.getElementById("page");
let asked = 0;
let renewed = null;

async function fetchPage(url) {
  const name = url.pathname === "/" ? "/home" : url.pathname;
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
    fail(error, put === fill);
  }
  if (!quiet && own === asked) page.removeAttribute("aria-busy");
}

function fill(fresh, url) {
  page.replaceChildren(fresh);
  clearPicked();
  document.title = `${page.querySelector("h1")?.textContent.trim() ?? "codemem"} · codemem`;
  mark(url.pathname);
  const target = url.hash && document.getElementById(url.hash.slice(1));
  for (let fold = target && target.closest("details"); fold; fold = fold.parentElement.closest("details")) fold.open = true;
  target?.classList?.add("new");
  target?.scrollIntoView?.({ block: "center" });
}

function mark(path) {
  const part = { "/session": "/sessions", "/memory": "/memories" }[path] ?? path;
  for (const link of document.querySelectorAll(".side nav a")) link.ariaCurrent = link.pathname === part ? "page" : null;
}

// Say what went wrong; `whole`: there is no page to say it on.
function fail(error, whole = false) {
  if (error.status === 401) {
    if (page.querySelector("#unlock")) return; // somebody may be typing the key already
    page.replaceChildren(document.getElementById("locked").content.cloneNode(true));
    page.querySelector("input").focus();
  } else if (whole && error.status >= 400 && error.status < 500) {
    page.replaceChildren(document.getElementById("missing").content.cloneNode(true));
    page.querySelector("[data-problem]").textContent = error.message;
    document.title = "Nothing here · codemem";
    mark("");
  } else {
    say(error.status ? `${error.message} ${error.hint ?? ""}` : "The server does not answer");
  }
}

function go(href) {
  const url = new URL(href, location);
  history.pushState(null, "", url);
  scrollTo(0, 0);
  return show(url).then(() => page.focus({ preventScroll: true }));
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

let taken = null; // the request that takes the last change back

async function send(path, body, row) {
  const at = row ? rows().indexOf(row) : -1;
  try {
    const { said, undo } = await ask(path, { body });
    taken = undo ?? null;
    say(said, undo);
    if (path.includes("/many/") || path.includes("/undo")) clearPicked();
    document.activeElement?.blur();
    await renewUnfolded(page, refresh);
    if (at >= 0) (document.getElementById(row.id) ?? rows()[Math.min(at, rows().length - 1)])?.focus({ preventScroll: true });
    showWaiting();
  } catch (error) {
    fail(error);
  }
}

const rows = () => [...page.querySelectorAll(".memory[tabindex]")];

function undo() {
  if (taken) send(taken.path, taken.body);
  else say("Nothing to undo here. `codemem undo` takes back what was done elsewhere.");
}

function filter(form) {
  const wanted = new URLSearchParams([...new FormData(form)].filter(([, value]) => value));
  const url = new URL(wanted.size ? `${location.pathname}?${wanted}` : location.pathname, location);
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
    form.hidden = form.matches(".edit");
    send(form.dataset.send, values(form), form.closest(".memory"));
  }
});

document.addEventListener("click", (event) => {
  const { target } = event;
  const link = target.closest("a[href]");
  const plain = !(event.ctrlKey || event.metaKey || event.shiftKey || event.button);
  if (link && plain && link.origin === location.origin && !link.matches(".skip")) {
    event.preventDefault();
    document.getElementById("others").hidePopover();
    go(link.href);
  }
  const button = target.closest("button");
  if (button) press(button);
  else if (!link && target.closest(".head") && !target.closest("label, .acts") && getSelection().isCollapsed) {
    unfold(rowOf(target));
  }
});

function press(button) {
  const { send: path, body, older: after } = button.dataset;
  const row = button.closest(".memory");
  if (path) send(path, JSON.parse(body ?? "{}"), row);
  else if (after) older(button);
  else if ("edit" in button.dataset) edit(rowOf(button)) || unfold(rowOf(button)).then(() => edit(rowOf(button)));
  else if ("close" in button.dataset) button.closest("form").hidden = true;
  else if ("clear" in button.dataset) clearPicked();
  else if (button.id === "theme") turnTheme();
  else if (button.id === "density") turnDensity();
  else if (button.id === "help") document.getElementById("keys").showModal();
}

document.addEventListener("change", ({ target }) => {
  if (target.closest(".pick")) showPicked();
});

let typing;
document.addEventListener("input", ({ target }) => {
  const form = target.closest("form[data-filter]");
  clearTimeout(typing);
  if (form) typing = setTimeout(() => filter(form), target.type === "search" ? TYPING_MS : 0);
});

listen(page, { go, undo, density: turnDensity });

// --- look, navigation, live, start --------------------------------------------------------------------------

const root = document.documentElement;
const THEME = "codemem-theme";
const DENSITY = "codemem-density";
root.dataset.theme = localStorage.getItem(THEME) ?? "";
root.dataset.density = localStorage.getItem(DENSITY) ?? "compact";

function turnTheme() {
  const now = root.dataset.theme || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
  localStorage.setItem(THEME, (root.dataset.theme = now === "dark" ? "light" : "dark"));
}

function turnDensity() {
  root.dataset.density = root.dataset.density === "compact" ? "comfortable" : "compact";
  localStorage.setItem(DENSITY, root.dataset.density);
}

// Fill in what the server knows of the navigation: pages that plugins add, and what waits.
async function showWaiting() {
  const { pages, waiting } = await ask("/api/navigation").catch(() => ({}));
  if (!pages) return;
  document.getElementById("waiting").textContent = waiting.review || "";
  const known = new Set([...document.querySelectorAll(".side nav > a, #others > a")].map((link) => link.pathname));
  const links = pages.filter(({ name }) => !known.has(`/${name}`)).map(({ name, title }) => {
    const link = document.createElement("a");
    link.href = `/${name}`;
    link.textContent = title;
    return link;
  });
  document.getElementById("added").replaceChildren(...links);
  mark(location.pathname);
}

let heard = new Set();
async function hear(name) {
  const first = !heard.size;
  heard.add(name.split(" ")[0]); // `flush started` is for whoever wants `flush`
  if (!first) return;
  await new Promise((resolve) => setTimeout(resolve, GATHER_MS));
  await renewed; // one at a time: a slow page must not be asked for twice at once
  renewed = refresh(heard);
  showWaiting();
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
showWaiting();
watch(hear, state).catch(fail);
