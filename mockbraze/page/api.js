// Calls of the control endpoints.

import {parse} from "./json.js";

const TIMEOUT_MS = 20_000;
let key = sessionStorage.getItem("mockbraze-key") || "";

export class ApiError extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

export function currentKey() {
  return key;
}

export function useKey(text) {
  key = text;
  sessionStorage.setItem("mockbraze-key", key);
}

async function call(path, options) {
  const headers = key ? {authorization: `Bearer ${key}`} : {};
  let response;
  try {
    response = await fetch(path, {
      ...options, headers, cache: "no-store", signal: AbortSignal.timeout(TIMEOUT_MS)});
  } catch (failure) {
    throw new ApiError(0, `The mock does not answer at ${location.origin} (${failure.message}). ` +
      "Is it still running? This page goes on asking.");
  }
  const text = await response.text();
  let body;
  try {
    body = parse(text);
  } catch {
    throw new ApiError(response.status, `${path} answered ${response.status} and no JSON. Is ` +
      "something between this page and the mock?");
  }
  if (!response.ok) throw new ApiError(response.status, body.message || `status ${response.status}`);
  return body;
}

export function get(path, parameters = {}) {
  const given = Object.entries(parameters).filter(([, value]) => value !== undefined && value !== "");
  const query = new URLSearchParams(given).toString();
  return call(query ? `${path}?${query}` : path, {method: "GET"});
}

export function post(path, body) {
  return call(path, {method: "POST", body: JSON.stringify(body)});
}

// The answer, or null where there is no such thing.
export async function find(path, parameters) {
  try {
    return await get(path, parameters);
  } catch (failure) {
    if (failure.status === 404) return null;
    throw failure;
  }
}
