// Users: the list with its search, and one of them.

import {find, get} from "./api.js";
import {count, el, empty, plural, refill, section, table, time} from "./dom.js";
import {compact, pretty} from "./json.js";
import {RequestTable} from "./requests.js";

const PAGE = 50;
const INLINE_MAX = 60; // Characters of a value that stands in one line.

function linkTo(user) {
  const id = user.external_id === undefined
    ? {braze_id: user.braze_id} : {external_id: user.external_id};
  return `#/user?${new URLSearchParams(id)}`;
}

function nameOf(user) {
  if (user.external_id !== undefined) return user.external_id;
  const alias = user.user_aliases[0];
  return alias ? `${alias.alias_label}: ${alias.alias_name}` : user.email || user.phone || user.braze_id;
}

// The other identifiers that a text may be.
function guesses(text) {
  const all = [];
  if (/^[0-9a-f]{24}$/i.test(text)) all.push({braze_id: text.toLowerCase()});
  if (text.includes("@")) all.push({email: text});
  if (/^\+?\d{7,15}$/.test(text)) all.push({phone: text});
  const colon = text.indexOf(":");
  if (colon > 0 && colon < text.length - 1) {
    all.push({alias_label: text.slice(0, colon).trim(), alias_name: text.slice(colon + 1).trim()});
  }
  return all;
}

async function search(text, after) {
  const page = get("/_mock/users", {prefix: text, after, limit: PAGE});
  const others = after ? [] : await Promise.all(
    guesses(text).map((identifier) => find("/_mock/users", identifier)));
  const {users, next_after: next} = await page;
  const listed = new Set(users.map((user) => user.braze_id));
  const more = others.filter((user) => user && !listed.has(user.braze_id));
  return {users: [...more, ...users], next};
}

const COLUMNS = [
  {name: "external_id"}, {name: "e-mail", class: "wide"},
  {name: "attributes", class: "number"}, {name: "events", class: "number wide"},
  {name: "created", class: "wide"},
];

function rowOf(user) {
  const events = (user.custom_events || []).reduce((sum, event) => sum + Number(event.count), 0);
  return el("tr", null,
    el("th", {scope: "row", class: "wrap"},
      el("a", {href: linkTo(user), "data-key": user.braze_id}, nameOf(user)),
      user.external_id === undefined ? el("span", {class: "tag"}, "no external_id") : null),
    el("td", {class: "wide wrap"}, user.email || ""),
    el("td", {class: "number"}, count(Object.keys(user.custom_attributes).length)),
    el("td", {class: "number wide"}, count(events)),
    el("td", {class: "wide"}, time(user.created_at)));
}

export class UsersView {
  constructor() {
    this.title = "Users";
    this.list = el("div", null, empty("Loading…"));
    this.input = el("input", {
      name: "q", type: "search", autocomplete: "off", spellcheck: "false", "data-search": true,
      placeholder: "external_id, e-mail, phone, braze_id or label:name", input: () => this.typed()});
    const form = el("form", {class: "search", role: "search", submit: (event) => {
      event.preventDefault();
      this.typed(0);
    }}, el("label", {class: "grow"}, "Search", this.input));
    this.element = section("Users", form, this.list);
  }

  typed(delay = 200) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      history.replaceState(null, "", `#/users?${new URLSearchParams({q: this.input.value})}`);
      this.text = this.input.value;
      this.after = "";
      this.shown = null;
      this.changed();
    }, delay);
  }

  open(parameters) {
    this.text = parameters.get("q") || "";
    this.after = parameters.get("after") || "";
    if (this.input.value !== this.text) this.input.value = this.text;
    this.shown = null;
  }

  async refresh() {
    const {text, after} = this;
    const page = await search(text, after);
    if (text !== this.text || after !== this.after) return;
    const shown = compact([page.users, page.next || null]);
    if (shown === this.shown) return;
    this.shown = shown;
    this.show(page);
  }

  show({users, next}) {
    if (users.length === 0) {
      fillEmpty(this.list, this.text, this.after);
      return;
    }
    const link = (name, after) => el("a", {
      class: "button", "data-key": name,
      href: `#/users?${new URLSearchParams({q: this.text, after})}`}, name);
    refill(this.list, table(COLUMNS, users.map(rowOf)),
      el("nav", {class: "pages", "aria-label": "Pages"},
        this.after ? link("First page", "") : null, next !== undefined ? link("Next page", next) : null));
  }
}

function fillEmpty(list, text, after) {
  const start = el("pre", null, `curl -H 'Authorization: Bearer any' ${location.origin}/users/track \\
  -d '{"attributes": [{"external_id": "ada", "plan": "pro"}]}'`);
  if (text || after) refill(list, empty(`No user's external_id begins with “${text}”, and none has ` +
    "it as e-mail, phone, braze_id or alias."));
  else refill(list, empty("No user with an external_id yet. Users appear when something is sent:"), start);
}

function valueOf(value) {
  const line = typeof value === "string" ? value : compact(value);
  return line.length <= INLINE_MAX || typeof value === "string"
    ? el("code", {class: "wrap"}, line) : pretty(value);
}

const OTHERS = new Set(["external_id", "user_aliases", "custom_attributes", "custom_attribute_types",
  "custom_events", "purchases", "appboy_id"]);

function fieldsOf(user) {
  const rows = Object.entries(user).filter(([name]) => !OTHERS.has(name)).map(([name, value]) =>
    el("tr", null, el("th", {scope: "row"}, name), el("td", null, valueOf(value))));
  return table([{name: "field"}, {name: "value"}], rows);
}

function attributesOf(user) {
  const entries = Object.entries(user.custom_attributes);
  if (entries.length === 0) return empty("This user has no custom attribute.");
  const types = user.custom_attribute_types || {};
  return table([{name: "attribute"}, {name: "type"}, {name: "value"}], entries.map(([name, value]) =>
    el("tr", null, el("th", {scope: "row", class: "wrap"}, name),
      el("td", null, el("span", {class: "tag"}, types[name] || "")), el("td", null, valueOf(value)))));
}

function happeningsOf(list, none) {
  if (!list || list.length === 0) return empty(none);
  const columns = [
    {name: "name"}, {name: "count", class: "number"}, {name: "first", class: "wide"},
    {name: "last"}];
  return table(columns, list.map((one) => el("tr", null,
    el("th", {scope: "row", class: "wrap"}, one.name),
    el("td", {class: "number"}, count(one.count)), el("td", {class: "when wide"}, one.first),
    el("td", {class: "when"}, one.last))));
}

function aliasesOf(user) {
  if (user.user_aliases.length === 0) return null;
  return table([{name: "alias_label"}, {name: "alias_name"}], user.user_aliases.map((alias) =>
    el("tr", null, el("th", {scope: "row", class: "wrap"}, alias.alias_label),
      el("td", {class: "wrap"}, alias.alias_name))), "Aliases");
}

export class UserView {
  constructor() {
    this.title = "User";
    this.profile = el("div", null, empty("Loading…"));
    this.history = el("div");
    this.element = el("article", null,
      el("p", null, el("a", {href: "#/users"}, "← All users")), this.profile, this.history);
  }

  open(parameters) {
    this.identifier = Object.fromEntries(parameters);
    this.shown = null;
    this.table = new RequestTable("None of the requests that are kept names this external_id.");
    this.history.replaceChildren();
  }

  async refresh(again) {
    const identifier = this.identifier;
    const user = await find("/_mock/users", identifier);
    if (identifier !== this.identifier) return;
    if (!user) {
      const id = Object.values(identifier).join(", ");
      refill(this.profile, el("h1", {class: "wrap"}, id), empty("There is no such user (any more)."));
      this.history.replaceChildren();
      this.shown = null;
      return;
    }
    const shown = compact(user);
    if (shown !== this.shown) this.show(user);
    this.shown = shown;
    if (user.external_id === undefined) return;
    if (again) this.table.clear();
    const answer = await get("/_mock/requests",
      {external_id: user.external_id, since: this.table.since, limit: 50});
    if (identifier !== this.identifier) return;
    this.table.add(answer.requests);
    if (!this.history.firstChild) this.history.append(section("History", this.table.element));
  }

  show(user) {
    const attributes = plural(Object.keys(user.custom_attributes).length, "attribute", "attributes");
    refill(this.profile, el("h1", {class: "wrap"}, nameOf(user)),
      el("div", {class: "columns"},
        section("Custom attributes", el("p", {class: "hint"}, attributes), attributesOf(user)),
        section("Profile", fieldsOf(user), aliasesOf(user))),
      el("div", {class: "columns even"},
        section("Events", happeningsOf(user.custom_events, "No event was sent.")),
        section("Purchases", happeningsOf(user.purchases, "No purchase was sent."))));
  }
}
