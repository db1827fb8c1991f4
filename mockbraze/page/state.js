// Counters, limits, settings, clock, faults and stubs as they are now.

import {get, post} from "./api.js";
import {count, el, empty, refill, section, table} from "./dom.js";
import {compact} from "./json.js";

function rowsOf(object) {
  return Object.entries(object).map(([name, value]) => el("tr", null,
    el("th", {scope: "row"}, name),
    el("td", null, el("code", {class: "wrap"},
      typeof value === "string" ? value || "—" : compact(value)))));
}

function countersOf(stats) {
  return table([{name: "counter"}, {name: "value", class: "number"}],
    Object.entries(stats).map(([name, value]) => {
      const many = typeof value === "object" && !("source" in value);
      const text = many
        ? Object.entries(value).map(([status, n]) => `${status}: ${count(n)}`).join(", ") || "—"
        : count(value);
      return el("tr", null, el("th", {scope: "row"}, name), el("td", {class: "number"}, text));
    }));
}

function limitOf(settings) {
  const rate = settings.rate_limit;
  const hourly = settings.rate_limit_mode === "mau";
  const limit = hourly ? rate.hourly : rate.limit;
  const window = hourly ? "this clock hour" : `a window of ${rate.window_s} s`;
  return el("p", null,
    el("label", null, `/users/track: ${count(rate.remaining)} of ${count(limit)} requests left in `,
      window, " ", el("meter", {min: 0, max: limit, low: limit / 10, value: rate.remaining})),
    rate.enforced === false ? " (not enforced)" : null);
}

function stubsOf(stubs) {
  if (stubs.length === 0) return empty("No stub. POST /_mock/stubs teaches the mock other paths.");
  return table([{name: "request"}, {name: "status", class: "number"}, {name: "left", class: "number"}],
    stubs.map((stub) => el("tr", null,
      el("th", {scope: "row", class: "wrap"}, `${stub.method} ${stub.path}`),
      el("td", {class: "number"}, String(stub.status)),
      el("td", {class: "number"}, stub.times === null ? "∞" : count(stub.times)))));
}

export class StateView {
  constructor(askReset) {
    this.title = "State";
    this.counters = el("div", null, empty("Loading…"));
    this.limits = el("div");
    this.settings = el("div");
    this.stubs = el("div");
    this.clock = el("p");
    this.faults = el("textarea", {
      id: "faults", rows: 4, spellcheck: "false", "aria-describedby": "faults-hint faults-answer",
      placeholder: "none", input: () => this.edited(true)});
    this.answer = el("p", {id: "faults-answer", role: "status"});
    const form = el("form", {submit: (event) => {
      event.preventDefault();
      this.setFaults(this.faults.value);
    }},
    el("label", {for: "faults"}, "In force, one SPEC a line"), this.faults,
    el("p", {id: "faults-hint", class: "hint"},
      "For example: status=503,rate=0.1 or reset,count=2 or object-error,external_id=42"),
    el("div", {class: "buttons"},
      el("button", {type: "submit"}, "Set faults"),
      el("button", {type: "button", click: () => this.setFaults("")}, "No faults")), this.answer);
    this.element = el("div", null,
      el("div", {class: "columns"},
        el("div", null, section("Faults", form), section("Limits", this.limits),
          section("Clock", this.clock), section("Stubs", this.stubs),
          section("Reset", el("button", {type: "button", class: "danger", click: askReset},
            "Reset the mock…"))),
        section("Counters", this.counters)),
      section("Settings", this.settings));
  }

  // What is being typed is not overwritten.
  edited(yes) {
    this.editing = yes;
    if (yes) this.answer.textContent = "Not set yet.";
  }

  async setFaults(text) {
    const faults = text.split("\n").map((line) => line.trim()).filter(Boolean);
    try {
      await post("/_mock/faults", {faults});
      this.edited(false);
      this.answer.textContent = faults.length ? "In force." : "No fault is in force.";
      this.answer.className = "good";
      this.changed();
    } catch (failure) {
      this.answer.textContent = failure.message;
      this.answer.className = "bad";
    }
  }

  open() {}

  async refresh(again, stats) {
    const names = ["workspace", "clock", "faults", "stubs"];
    const [settings, clock, {faults}, {stubs}] = await Promise.all(
      names.map((name) => get(`/_mock/${name}`)));
    const text = faults.join("\n");
    if (again) this.edited(false);
    if (!this.editing && this.faults.value !== text) this.faults.value = text;
    const shown = compact([settings, stats, stubs]);
    this.clock.replaceChildren(el("code", null, clock.now), clock.stopped ? " stopped" : "");
    if (shown === this.shown) return;
    this.shown = shown;
    refill(this.counters, countersOf(stats));
    refill(this.limits, limitOf(settings));
    refill(this.stubs, stubsOf(stubs));
    refill(this.settings, table([{name: "setting"}, {name: "value"}], rowsOf(settings)));
  }
}
