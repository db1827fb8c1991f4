// JSON as the mock has it: 14 and 14.0 are different, and 64-bit integers are exact.

import {el} from "./dom.js";

const COLOURED_MAX = 60_000; // Characters; longer texts have no colours, because each is an element.
const SHOWN_MAX = 400_000;
const LINE_MAX = 76;

export class Num {
  constructor(source) {
    this.source = source;
  }
  valueOf() {
    return Number(this.source);
  }
  toString() {
    return this.source;
  }
}

// Browsers that do not tell the source of a number show it as JavaScript writes it.
export function parse(text) {
  return JSON.parse(text, (name, value, context) =>
    typeof value === "number" ? new Num(context?.source ?? String(value)) : value);
}

function isLeaf(value) {
  return value === null || typeof value !== "object" || value instanceof Num;
}

export function compact(value) {
  if (value instanceof Num) return value.source;
  if (isLeaf(value)) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(compact).join(", ")}]`;
  const members = Object.entries(value).map(([name, v]) => `${JSON.stringify(name)}: ${compact(v)}`);
  return `{${members.join(", ")}}`;
}

// What fits stands on one line.
export function indented(value, indent = "") {
  if (isLeaf(value)) return compact(value);
  const line = compact(value);
  if (line.length + indent.length <= LINE_MAX) return line;
  const inner = indent + "  ";
  const items = Array.isArray(value)
    ? value.map((item) => inner + indented(item, inner))
    : Object.entries(value).map(
      ([name, v]) => `${inner}${JSON.stringify(name)}: ${indented(v, inner)}`);
  const [open, close] = Array.isArray(value) ? "[]" : "{}";
  return `${open}\n${items.join(",\n")}\n${indent}${close}`;
}

const TOKENS = /("(?:[^"\\]|\\.)*")(\s*:)?|-?\d[\d.eE+-]*|true|false|null/g;

function coloured(text) {
  const parts = [];
  let end = 0;
  for (const match of text.matchAll(TOKENS)) {
    parts.push(text.slice(end, match.index));
    const kind = match[2] ? "name" : match[1] ? "text" : /^[tfn]/.test(match[0]) ? "word" : "number";
    parts.push(el("span", {class: `json-${kind}`}, match[1] || match[0]), match[2] || "");
    end = match.index + match[0].length;
  }
  parts.push(text.slice(end));
  return parts;
}

// A readable text of any value; one that was no JSON comes as a text and is shown as it is.
export function pretty(value) {
  let text = typeof value === "string" ? value : indented(value);
  const rest = text.length - SHOWN_MAX;
  if (rest > 0) text = text.slice(0, SHOWN_MAX) + `\n… and ${rest} more characters`;
  const plain = typeof value === "string" || text.length > COLOURED_MAX;
  return el("pre", {class: "json", tabindex: 0}, ...(plain ? [text] : coloured(text)));
}
