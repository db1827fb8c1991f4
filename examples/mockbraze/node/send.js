// The code under test: attributes to Braze through the package braze-api.
import { setTimeout as pause } from 'node:timers/promises';

const OBJECTS_MAX = 75; // Of one request.
const ATTEMPTS_MAX = 4;

/** Sends the objects and returns Braze's entries about those that it refused. */
export async function sendAttributes(braze, attributes, { pauseMs = 1000 } = {}) {
  const refused = [];
  for (let first = 0; first < attributes.length; first += OBJECTS_MAX) {
    const batch = attributes.slice(first, first + OBJECTS_MAX);
    const answer = await withRetry(() => braze.users.track({ attributes: batch }), pauseMs);
    for (const error of answer.errors ?? []) {
      refused.push({ ...error, index: first + error.index });
    }
  }
  return refused;
}

async function withRetry(call, pauseMs) {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await call();
    } catch (error) {
      const again = error.status === 429 || error.status >= 500;
      if (!again || attempt === ATTEMPTS_MAX) throw error;
    }
    await pause(pauseMs * 2 ** (attempt - 1));
  }
}
