// Navigation, forms and live updates. The server renders every page; this asks for it with the key
// and puts it into the frame. `/health` in the address bar is `/api/pages/health` of the server.

import { ask, findKey, keep } from "/assets/key.js";
import { append, parse, renew, update } from "/assets/list.js";
import { watch } from "/assets/live.js";

const TYPING_MS = 120;
const GATHER_MS = 150;
const UNDO_MS = 12_000;
const page = document.getElementById("page");
let latest = 0;

function source(url) {
  const name = url.pathname === "/" ? "/feed" : url.pathname;
  return `/api/pages${name}${url.search}`;
}

async function fetchPage(url) {
  return fetchUnless(url, ++latest);
}

async function fetchUnless(url, own) {
  const html = await ask(source(url), { html: true });
  return own === latest ? parse(html) : null; // else a later question is on its way
}

async function show(url) {
  page.setAttribute("aria-busy", "true");
  try {
    const fresh = await fetchPage(url);
    if (fresh) fill(fresh, url);
  } catch (error) {
    fail(error);
  }
  page.removeAttribute("aria-busy");
}

function fill(fresh, url) {
  page.replaceChildren(fresh);
  document.title = `${page.querySelector("h1")?.textContent.trim() ?? "codemem"} · codemem`;
  for (const link of document.querySelectorAll(".side nav a")) {
    const here = link.pathname === url.pathname || (link.pathname === "/sessions" && url.pathname === "/session");
    if (here) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  const target = url.hash && document.getElementById(url.hash.slice(1));
  if (target) {
    target.classList.add("new");
    target.scrollIntoView({ block: "center" });
  }
}

function fail(error) {
  if (error.status === 401) {
    page.replaceChildren(document.getElementById("locked").content.cloneNode(true));
    page.querySelector("input").focus();
  } else {
    say(error.message ? `${error.message} ${error.hint ?? ""}` : "The server does not answer");
  }
}

function go(href) {
  const url = new URL(href, location);
  history.pushState(null, "", url);
  scrollTo(0, 0);
  show(url).then(() => page.focus({ preventScroll: true }));
}

// Fetch the page that is shown again, and renew the parts for which `fits` says so. Somebody who
// goes elsewhere meanwhile is not held up by it.
async function refresh(fits = () => true) {
  if (![...page.querySelectorAll("[data-on]")].some(fits)) return;
  try {
    const fresh = await fetchUnless(new URL(location), latest);
    if (fresh) update(page, fresh, fits);
  } catch (error) {
    fail(error);
  }
}

// --- forms and buttons ---------------------------------------------------------------------------

function values(form) {
  const found = {};
  for (const field of form.elements) {
    if (!field.name) continue;
    if (field.type === "checkbox") found[field.name] = field.checked;
    else if (field.type === "number") found[field.name] = field.value === "" ? null : field.valueAsNumber;
    else if ("lines" in field.dataset) found[field.name] = field.value.split("\n").filter((line) => line.trim());
    else found[field.name] = field.value;
  }
  return found;
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

async function filter(form, { push }) {
  const wanted = new URLSearchParams([...new FormData(form)].filter(([, value]) => value));
  const url = new URL(`${location.pathname}?${wanted}`, location);
  if (push) history.pushState(null, "", url);
  else history.replaceState(null, "", url);
  try {
    const fresh = await fetchPage(url);
    const now = fresh?.getElementById(form.dataset.filter);
    if (now) document.getElementById(form.dataset.filter).replaceWith(now);
  } catch (error) {
    fail(error);
  }
}

async function older(button) {
  const url = new URL(location);
  url.searchParams.set("after", button.dataset.older);
  button.disabled = true;
  try {
    append(button.closest("ol"), parse(await ask(source(url), { html: true })));
  } catch (error) {
    fail(error);
  }
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
    keep(form.key.value.trim());
    await show(new URL(location));
  } else if (form.dataset.filter) {
    await filter(form, { push: true });
  } else if (form.dataset.page) {
    const answer = await ask(form.dataset.page, { body: values(form), html: true }).catch(fail);
    if (answer) fill(parse(answer), new URL(location));
  } else if (form.dataset.send) {
    const body = values(form);
    form.closest("details")?.removeAttribute("open");
    document.activeElement?.blur();
    await send(form.dataset.send, body);
  }
});

document.addEventListener("click", (event) => {
  const { target } = event;
  const link = target.closest("a[href]");
  const plain = !(event.ctrlKey || event.metaKey || event.shiftKey || event.button);
  if (link && plain && link.origin === location.origin && !link.matches(".skip")) {
    event.preventDefault();
    go(link.href);
  }
  const button = target.closest("button");
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
  if (!form) return;
  clearTimeout(typing);
  typing = setTimeout(() => filter(form, { push: false }), target.type === "search" ? TYPING_MS : 0);
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

function turnTheme() {
  const dark = getComputedStyle(document.documentElement).colorScheme === "dark";
  const system = matchMedia("(prefers-color-scheme: dark)").matches;
  const isDark = dark || (getComputedStyle(document.documentElement).colorScheme !== "light" && system);
  localStorage.setItem("codemem-theme", isDark ? "light" : "dark");
  setTheme();
}

function setTheme() {
  const chosen = localStorage.getItem("codemem-theme");
  if (chosen) document.documentElement.dataset.theme = chosen;
}

let gathering;
const heard = new Set();
function hear(name) {
  heard.add(name.split(" ")[0]); // `flush started` is for whoever wants `flush`
  clearTimeout(gathering);
  gathering = setTimeout(() => {
    const names = [...heard];
    heard.clear();
    refresh((part) => names.some((each) => part.dataset.on.split(" ").includes(each)));
  }, GATHER_MS);
}

function state(now) {
  const shown = document.getElementById("live");
  shown.dataset.state = now;
  shown.textContent = now === "on" ? "live" : "not connected";
}

addEventListener("popstate", () => show(new URL(location)));
setTheme();
await findKey();
await show(new URL(location));
watch(hear, state);
