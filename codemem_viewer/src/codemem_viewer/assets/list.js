// Put a new page over an old one without disturbing who is reading it.

export function parse(html) {
  const made = document.createElement("template");
  made.innerHTML = html; // our templates escape everything, and the CSP runs no inline code
  return made.content;
}

// Replace the parts of the page that `fits`, by the parts of the same id in `fresh`.
export function update(page, fresh, fits) {
  for (const old of page.querySelectorAll("[data-on]")) {
    const now = fits(old) && fresh.getElementById(old.id);
    if (now) renew(old, now);
  }
}

export function renew(old, now) {
  if (old.matches("[data-keyed]")) return merge(old, now);
  const lists = [...old.querySelectorAll("[data-keyed]")].map((list) => [list, now.querySelector(`#${list.id}`)]);
  if (lists.length && lists.every(([, other]) => other) && lists.length === now.querySelectorAll("[data-keyed]").length) {
    for (const [list, other] of lists) merge(list, other);
    for (const [list, other] of lists) other.replaceWith(list);
  }
  if (!isBusy(old) || lists.length) old.replaceChildren(...now.childNodes);
}

// Bring the items of a list in step. Items further down that `now` does not reach stay.
function merge(list, now) {
  const fresh = [...now.children];
  const ids = new Set(fresh.map((item) => item.id));
  const known = [...list.children];
  const reach = known.findLastIndex((item) => ids.has(item.id));
  for (const item of known.slice(0, fresh.at(-1)?.id === "older" ? reach + 1 : known.length)) {
    if (!ids.has(item.id)) item.remove();
  }
  let before = list.firstElementChild;
  for (const item of fresh) {
    const own = list.querySelector(`:scope > #${CSS.escape(item.id)}`);
    if (own?.id === "older") continue;
    if (own && (isBusy(own) || own.isEqualNode(item))) {
      if (own !== before) list.insertBefore(own, before);
      before = own.nextElementSibling;
    } else if (own) {
      if (own === before) before = own.nextElementSibling;
      own.remove();
      list.insertBefore(item, before);
    } else {
      list.insertBefore(item, before);
      if (known.length) item.classList.add("new");
    }
  }
}

// Somebody reads or writes in it.
function isBusy(item) {
  return item.querySelector("details[open]") !== null || item.contains(document.activeElement);
}

// Add the next page of a list; what stands there already is not added again.
export function append(list, fresh) {
  list.querySelector("#older")?.remove();
  for (const item of [...fresh.children]) {
    if (!document.getElementById(item.id)) list.append(item);
  }
}
