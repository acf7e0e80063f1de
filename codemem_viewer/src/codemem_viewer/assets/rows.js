// Rows of memories: unfold one, select several. On wide screens a memory unfolds in the pane beside.

import { ask } from "/assets/key.js";
import { parse } from "/assets/list.js";

const PANE = matchMedia("(min-width: 1400px)");

export const rowOf = (element) => element?.closest?.(".memory[data-id]");

// Put the whole memory into the row, or into the pane; fold it when it is in the row already.
export async function unfold(row) {
  if (row.matches(".whole")) return;
  const pane = document.getElementById("pane");
  if (pane && PANE.matches) return fill(row, pane);
  const open = row.querySelector(".fold");
  if (open) return open.remove();
  const fold = (await fetched(row)).querySelector(".fold");
  const now = document.getElementById(row.id); // the list may have been renewed meanwhile
  if (fold && now && !now.querySelector(".fold")) now.append(fold);
}

async function fill(row, pane) {
  for (const each of document.querySelectorAll(".memory.shown")) each.classList.remove("shown");
  row.classList.add("shown");
  const whole = (await fetched(row)).querySelector(".whole");
  if (whole && row.matches(".shown")) pane.replaceChildren(whole);
}

async function fetched(row) {
  return parse(await ask(`/api/pages/memory?id=${row.dataset.id}`, { html: true }));
}

// Renew the page with what is unfolded on it; where somebody writes, nothing is touched.
export async function renewUnfolded(page, renew) {
  const open = [...page.querySelectorAll(".memory:has(> .fold)")].filter((row) => !row.querySelector("form.edit:not([hidden])"));
  for (const row of open) row.querySelector(".fold").remove();
  await renew();
  for (const { id } of open) {
    const row = document.getElementById(id);
    if (row) await unfold(row);
  }
  const shown = page.querySelector(".memory.shown");
  if (shown && PANE.matches) await unfold(shown);
}

export function edit(row) {
  const form = document.querySelector(`#pane [data-id="${row.dataset.id}"] form.edit`) ?? row.querySelector("form.edit");
  if (!form) return false;
  form.hidden = false;
  form.elements.title.focus();
  return true;
}

// --- selecting -----------------------------------------------------------------------------------

const picked = () => [...document.querySelectorAll(".pick input:checked")];

export function pick(row) {
  const box = row.querySelector(".pick input");
  if (box) box.checked = !box.checked;
  showPicked();
}

export function clearPicked() {
  for (const box of picked()) box.checked = false;
  showPicked();
}

const ACTS = { Confirm: ["confirm", { confirmed: true }], Pin: ["pin", { pinned: true }], Forget: ["forget", {}] };

// Show what can be done with the selected memories.
export function showPicked() {
  const ids = [...new Set(picked().map((box) => Number(box.value)))];
  document.body.classList.toggle("picking", ids.length > 0);
  document.getElementById("picked")?.remove();
  if (!ids.length) return;
  const bar = document.createElement("div");
  bar.id = "picked";
  bar.role = "toolbar";
  bar.ariaLabel = "Selected memories";
  bar.append(`${ids.length} selected`);
  for (const [label, [name, body]] of Object.entries(ACTS)) {
    bar.append(button(label, { send: `/api/memories/many/${name}`, body: JSON.stringify({ ids, ...body }) }));
  }
  bar.append(button("Clear", { clear: "" }));
  document.body.append(bar);
}

function button(label, data) {
  const made = document.createElement("button");
  made.type = "button";
  made.textContent = label;
  Object.assign(made.dataset, data);
  return made;
}
