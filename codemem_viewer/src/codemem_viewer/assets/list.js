// Put a new page over an old one without disturbing who is reading it.

export function parse(html) {
  const made = document.createElement("template");
  made.innerHTML = html; // our templates escape everything, and the CSP runs no inline code
  return made.content;
}

// Renew a part of the page. Its keyed lists are merged, item by item, if the new part has the same.
export function renew(old, now) {
  if (old.matches("[data-keyed]")) return merge(old, now);
  const lists = [...old.querySelectorAll("[data-keyed]")];
  const same = lists.filter((list) => now.querySelector(`#${list.id}`));
  if (!lists.length || same.length !== now.querySelectorAll("[data-keyed]").length) {
    if (!isBusy(old)) old.replaceChildren(...now.childNodes);
    return;
  }
  for (const list of same) {
    const other = now.querySelector(`#${list.id}`);
    merge(list, other);
    other.replaceWith(list);
  }
  old.replaceChildren(...now.childNodes);
}

// Bring the items of a list in step. Items further down that `now` does not reach stay.
function merge(list, now) {
  const fresh = [...now.children];
  const ids = new Set(fresh.map((item) => item.id).filter((id) => id !== "older"));
  const known = [...list.children];
  const goesOn = fresh.at(-1)?.id === "older";
  const reach = goesOn ? known.findLastIndex((item) => ids.has(item.id)) : known.length;
  for (const item of known.slice(0, reach)) if (!ids.has(item.id)) item.remove();
  let last = null;
  for (const item of fresh) {
    let own = known.find((each) => each.id === item.id);
    if (item.id === "older" && (own || last?.nextElementSibling)) continue; // it stands further down, or is used up
    if (own && !isBusy(own) && !own.isEqualNode(item)) own.replaceWith((own = item));
    if (!own && known.length) item.classList.add("new");
    own ??= item;
    const place = last ? last.nextElementSibling : list.firstElementChild;
    if (own !== place) list.insertBefore(own, place);
    last = own;
  }
}

// Somebody reads or writes in it.
function isBusy(item) {
  return item.querySelector("details[open], .fold") !== null || item.contains(document.activeElement);
}

// Add the next page of a list; what stands there already is not added again.
export function append(list, fresh) {
  list.querySelector("#older")?.remove();
  for (const item of [...fresh.children]) if (!document.getElementById(item.id)) list.append(item);
}
