// Which view is shown, and when it looks again.

import {currentKey, get, post, useKey} from "./api.js";
import {plural} from "./dom.js";
import {RequestsView} from "./requests.js";
import {StateView} from "./state.js";
import {UsersView, UserView} from "./users.js";

const PERIOD_MS = 2000;
const $ = (id) => document.getElementById(id);

const dialog = $("confirm-reset");
const views = {
  users: new UsersView(),
  user: new UserView(),
  requests: new RequestsView(),
  state: new StateView(() => dialog.showModal()),
};
let view = null;
let paused = false;
let busy = false;
let wanted = false; // Somebody asked while it was busy.
let requestsBefore = 0;

function showError(failure) {
  $("error").textContent = failure ? failure.message : "";
  $("error").hidden = !failure;
  if (failure && failure.status === 401) $("key-form").hidden = false;
  document.body.classList.toggle("stale", Boolean(failure));
}

function showSummary(stats) {
  const open = Number(stats.in_flight) ? `, ${stats.in_flight} in flight` : "";
  $("summary").textContent = `${plural(stats.profiles, "user", "users")}, ` +
    `${plural(stats.requests, "request", "requests")}${open}`;
}

async function look() {
  wanted = true;
  if (busy) return;
  busy = true;
  while (wanted) {
    wanted = false;
    const shown = view;
    try {
      const stats = await get("/_mock/stats");
      const again = stats.requests < requestsBefore; // It was reset, or is another mock.
      requestsBefore = Number(stats.requests);
      showSummary(stats);
      await shown.refresh(again, stats);
      showError(null);
    } catch (failure) {
      if (shown === view) showError(failure);
    }
  }
  busy = false;
}

function route() {
  const [name, query] = location.hash.replace(/^#\/?/, "").split("?", 2);
  const next = views[name] || views.users;
  for (const link of document.querySelectorAll("nav[aria-label=Views] a")) {
    const here = link.hash === `#/${name || "users"}` || (name === "user" && link.hash === "#/users");
    if (here) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  next.open(new URLSearchParams(query || ""));
  if (next !== view) {
    view = next;
    $("content").replaceChildren(view.element);
    document.title = `${view.title} – mockbraze`;
    scrollTo(0, 0);
  }
  look();
}

async function reset() {
  dialog.close();
  try {
    await post("/_mock/reset", {});
    requestsBefore = Infinity; // So that the view begins anew.
  } catch (failure) {
    showError(failure);
  }
  look();
}

function listen() {
  $("refresh").addEventListener("click", look);
  $("pause").addEventListener("click", () => {
    paused = !paused;
    $("pause").setAttribute("aria-pressed", String(paused));
    $("pause").textContent = paused ? "Go on" : "Pause";
    if (!paused) look();
  });
  $("reset-no").addEventListener("click", () => dialog.close());
  $("reset-yes").addEventListener("click", reset);
  $("key-form").addEventListener("submit", (event) => {
    event.preventDefault();
    useKey($("key").value.trim());
    requestsBefore = Infinity;
    look();
  });
  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest("input, textarea");
    if (event.key !== "/" || typing || event.ctrlKey || event.metaKey || event.altKey) return;
    const field = view.element.querySelector("[data-search]");
    if (!field) return;
    event.preventDefault();
    field.focus();
    field.select();
  });
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden && !paused) look();
  });
  addEventListener("hashchange", route);
}

for (const one of Object.values(views)) one.changed = look;
$("key").value = currentKey();
$("key-form").hidden = !currentKey();
listen();
route();
setInterval(() => {
  if (!paused && !document.hidden) look();
}, PERIOD_MS);
