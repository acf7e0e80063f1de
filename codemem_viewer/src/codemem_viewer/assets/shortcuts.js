// The keyboard: `?` in the page lists it.

import { clearPicked, edit, pick, rowOf, unfold } from "/assets/rows.js";

const GOES = { h: "/", m: "/memories", s: "/sessions", r: "/review" };
const GO_MS = 1_000;
let goes = 0;

// Listen to keys; `does` has `go(href)`, `undo()` and `density()`.
export function listen(page, does) {
  const keys = {
    j: () => step(page, 1),
    k: () => step(page, -1),
    "/": () => search() || does.go("/memories").then(search),
    "?": () => document.getElementById("keys").showModal(),
    d: does.density,
    u: does.undo,
    g: () => { goes = performance.now(); },
    Escape: clearPicked,
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
    if (event.target.matches("input:not([type=checkbox], [type=radio]), textarea, select")) return;
    const { key } = event;
    const pending = performance.now() - goes < GO_MS;
    goes = 0;
    const act = pending && GOES[key] ? () => does.go(GOES[key]) : keys[key] ?? onRow(page, event, does);
    if (!act) return;
    event.preventDefault();
    act();
  });
}

function search() {
  const field = document.getElementById("q");
  field?.focus();
  return field;
}

function step(page, by) {
  const rows = [...page.querySelectorAll(".memory[tabindex]")];
  const at = rows.indexOf(document.activeElement?.closest(".memory"));
  const next = rows[at + by];
  if (!next) return;
  next.focus({ preventScroll: true });
  next.scrollIntoView({ block: "nearest" });
  if (document.querySelector(".memory.shown") && rowOf(next)) unfold(next);
}

const ACTS = { p: "pin", c: "confirm", f: "forget" };

// What a key does to the memory that has the focus.
function onRow(page, { key, target }, does) {
  const row = document.activeElement?.closest(".memory") ?? page.querySelector(".memory.whole");
  if (!row) return null;
  if (ACTS[key]) {
    const button = row.querySelector(`[data-act=${ACTS[key]}]`) ?? (key === "f" && row.querySelector("[data-act=restore]"));
    return button ? () => button.click() : null;
  }
  if (!rowOf(row)) return null;
  if (key === "Enter") return target === row ? () => unfold(row) : null;
  if (key === "o") return () => does.go(`/memory?id=${row.dataset.id}`);
  if (key === "x") return () => pick(row);
  if (key === "e") return () => edit(row) || unfold(row).then(() => edit(row));
  return null;
}
