// Making elements. Text goes in as text nodes only, so that nothing customers sent is read as HTML.

export function el(tag, attributes, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value === undefined || value === null || value === false) continue;
    if (typeof value === "function") element.addEventListener(name, value);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  fill(element, ...children);
  return element;
}

export function fill(element, ...children) {
  element.replaceChildren(...children.filter((child) => child !== null && child !== undefined));
}

// Replaces what is in the element; who had the focus there has it again, by its data-key.
export function refill(element, ...children) {
  const key = element.contains(document.activeElement) && document.activeElement.dataset.key;
  fill(element, ...children);
  if (!key) return;
  for (const candidate of element.querySelectorAll("[data-key]")) {
    if (candidate.dataset.key === key) candidate.focus({preventScroll: true});
  }
}

export function table(columns, rows, caption) {
  const head = columns.map((column) =>
    el("th", {scope: "col", class: column.class}, column.name));
  return el("table", null,
    caption ? el("caption", null, caption) : null,
    el("thead", null, el("tr", null, ...head)),
    el("tbody", null, ...rows));
}

export function section(title, ...children) {
  return el("section", null, el("h2", null, title), ...children);
}

export function empty(text) {
  return el("p", {class: "empty"}, text);
}

const numbers = new Intl.NumberFormat("en");
export function count(value) {
  return numbers.format(Number(value));
}

export function plural(value, one, many) {
  return `${count(value)} ${Number(value) === 1 ? one : many}`;
}

// 2026-09-07T02:00:01.000Z: the day in small, when it is another than the day of the clock.
export function time(text, day) {
  const short = typeof day === "string" && text.slice(0, 10) === day.slice(0, 10);
  return el("time", {datetime: text, title: text},
    short ? text.slice(11, 23) : text.slice(0, 19).replace("T", " "));
}
