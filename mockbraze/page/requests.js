// The requests that came, newest first, with what was answered.

import {get} from "./api.js";
import {count, el, empty, section, time} from "./dom.js";
import {pretty} from "./json.js";

const SHOWN = 100;
const COLUMNS = ["number", "time", "method", "path", "status", "fault"];

function statusOf(request) {
  if (request.status === null) {
    return el("span", {class: "status none"}, request.unanswered ? "none" : "open");
  }
  const status = Number(request.status);
  const errors = request.answer?.errors?.length ?? 0;
  const kind = status < 300 && errors === 0 ? "good" : status < 500 ? "warn" : "bad";
  const text = errors === 0 ? String(status) : `${status}, ${count(errors, "error")}`;
  return el("span", {class: `status ${kind}`}, text);
}

function headersOf(request) {
  const rows = Object.entries(request.headers).map(([name, value]) =>
    el("tr", null, el("th", {scope: "row"}, name), el("td", {class: "wrap"}, value)));
  return el("details", null, el("summary", null, `${rows.length} headers`),
    el("table", null, el("tbody", null, ...rows)));
}

function detailsOf(request) {
  const answer = request.status === null
    ? empty(request.unanswered ? `No answer, because of the fault ${request.fault}.` : "No answer yet.")
    : request.answer === "" ? empty("An empty body.") : pretty(request.answer);
  return el("div", {class: "exchange"},
    el("div", null, el("h3", null, "Request"),
      request.query ? el("p", {class: "wrap"}, `?${request.query}`) : null,
      request.body === "" ? empty("No body.") : pretty(request.body), headersOf(request)),
    el("div", null, el("h3", null, "Answer ",
      request.status === null ? null : statusOf(request)), answer));
}

// A table that keeps its rows, open ones too, while requests are added to it.
export class RequestTable {
  constructor(none) {
    this.none = none;
    this.rows = new Map();
    this.body = el("tbody");
    this.empty = empty("Loading…");
    const head = COLUMNS.map((name) => el("th", {scope: "col", class: `c-${name}`}, name));
    this.table = el("table", {class: "requests", hidden: true},
      el("thead", null, el("tr", null, ...head)), this.body);
    this.element = el("div", null, this.table, this.empty);
  }

  clear() {
    this.rows.clear();
    this.body.replaceChildren();
    this.show();
  }

  // The number to ask from: what stands open may have been answered.
  get since() {
    let since = 0;
    for (const {request} of this.rows.values()) since = Math.max(since, Number(request.number));
    for (const {request} of this.rows.values()) {
      if (request.status === null && !request.unanswered) since = Math.min(since, request.number - 1);
    }
    return since;
  }

  add(requests) {
    for (const request of requests) {
      const number = Number(request.number);
      const old = this.rows.get(number);
      if (old && old.request.unanswered === request.unanswered &&
        (old.request.status === null) === (request.status === null)) continue;
      const row = this.makeRow(request);
      this.rows.set(number, row);
      if (old) {
        const hadFocus = old.main.contains(document.activeElement);
        old.extra.remove();
        old.main.replaceWith(row.main, row.extra);
        if (!old.extra.hidden) row.toggle();
        if (hadFocus) row.main.querySelector("button").focus();
      } else {
        this.body.prepend(row.main, row.extra);
      }
    }
    this.forget();
    this.show();
  }

  forget() {
    const numbers = [...this.rows.keys()].sort((a, b) => b - a).slice(SHOWN);
    for (const number of numbers) {
      const row = this.rows.get(number);
      row.main.remove();
      row.extra.remove();
      this.rows.delete(number);
    }
  }

  show() {
    this.table.hidden = this.rows.size === 0;
    this.empty.hidden = this.rows.size > 0;
    this.empty.textContent = this.none;
  }

  makeRow(request) {
    const id = `request-${request.number}-${Math.random().toString(36).slice(2)}`;
    const place = el("td", {colspan: COLUMNS.length});
    const extra = el("tr", {id, class: "extra", hidden: true}, place);
    const toggle = () => {
      extra.hidden = !extra.hidden;
      button.setAttribute("aria-expanded", String(!extra.hidden));
      place.replaceChildren(...(extra.hidden ? [] : [detailsOf(request)]));
    };
    const button = el("button", {
      type: "button", class: "toggle", "aria-expanded": "false", "aria-controls": id,
      "aria-label": `Request ${request.number}, ${request.method} ${request.path}`, click: toggle,
    }, count(request.number));
    const main = el("tr", null,
      el("td", {class: "c-number"}, button),
      el("td", {class: "c-time"}, time(request.received_at, request.received_at)),
      el("td", {class: "c-method"}, request.method),
      el("td", {class: "c-path wrap"}, request.path),
      el("td", {class: "c-status"}, statusOf(request)),
      el("td", {class: "c-fault wrap"}, request.fault || ""));
    return {request, main, extra, toggle};
  }
}

export class RequestsView {
  constructor() {
    this.title = "Requests";
    this.filter = {};
    this.table = new RequestTable("No request yet. Send one to Braze's paths, such as POST " +
      "/users/track.");
    const field = (name, label, placeholder) => el("label", null, label, el("input", {
      name, placeholder, autocomplete: "off", spellcheck: "false", "data-search": name === "path",
      input: () => this.search()}));
    this.form = el("form", {class: "search", role: "search", submit: (event) => {
      event.preventDefault();
      this.search();
    }}, field("path", "Path", "/users/track"), field("external_id", "Customer", "external_id"));
    this.element = section("Requests", this.form, this.table.element,
      el("p", {class: "hint"}, `The latest ${SHOWN}, newest first. Times are the mock's, in UTC.`));
  }

  search() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      this.filter = Object.fromEntries(new FormData(this.form));
      this.table.clear();
      this.table.none = "No such request is kept. The path must be exact.";
      this.changed();
    }, 250);
  }

  open() {}

  async refresh(again) {
    if (again) this.table.clear();
    const filter = this.filter;
    const answer = await get("/_mock/requests",
      {...filter, since: this.table.since, limit: SHOWN});
    if (filter === this.filter) this.table.add(answer.requests);
  }
}
