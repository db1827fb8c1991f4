"""The code under test: a small client of Braze's /users/track, the standard library only."""

import json
import time
import urllib.error
import urllib.request

OBJECTS_MAX = 75  # Of one request.
ATTEMPTS_MAX = 4


class BrazeClient:
    """`url` is what tests replace: your instance's REST endpoint, or the mock's address."""

    def __init__(self, url, api_key, pause=1.0):
        self.url = url
        self.api_key = api_key
        self.pause = pause  # Seconds before the first repetition, doubled before each further one.

    def track(self, attributes):
        """Sends the objects and returns Braze's entries about those that it refused."""
        errors = []
        for first in range(0, len(attributes), OBJECTS_MAX):
            answer = self._post("/users/track", attributes[first : first + OBJECTS_MAX])
            for error in answer.get("errors", []):
                errors.append({**error, "index": first + error["index"]})
        return errors

    def _post(self, path, attributes):
        request = urllib.request.Request(
            self.url + path,
            data=json.dumps({"attributes": attributes}).encode(),
            headers={
                "Authorization": f"Bearer {self.api_key}",
                "Content-Type": "application/json",
            },
        )
        for attempt in range(1, ATTEMPTS_MAX + 1):
            try:
                with urllib.request.urlopen(request, timeout=10) as answer:
                    return json.load(answer)
            except urllib.error.HTTPError as error:
                with error:
                    again = error.code == 429 or error.code >= 500
                    if not again or attempt == ATTEMPTS_MAX:
                        raise
            time.sleep(self.pause * 2 ** (attempt - 1))
