// A mockbraze for a test file: one process, forgotten state whenever reset() is called.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

export async function startMockbraze() {
  const program = process.env.MOCKBRAZE ?? 'mockbraze';
  const child = spawn(program, ['--listen', '127.0.0.1:0', '--exit-with-stdin'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const closed = once(child, 'close'); // Rejects when the program cannot be started.
  const [firstLine] = await Promise.race([once(createInterface(child.stdout), 'line'), closed]);
  if (!String(firstLine).startsWith('listening on ')) throw new Error(`${program} did not start`);
  const url = firstLine.split(' ').at(-1);

  async function call(path, body) {
    const options = body && { method: 'POST', body: JSON.stringify(body) };
    const response = await fetch(url + path, options);
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return response.json();
  }

  return {
    url,
    user: (externalId) => call(`/_mock/users?external_id=${encodeURIComponent(externalId)}`),
    requests: async () => (await call('/_mock/requests')).requests,
    setFaults: (...faults) => call('/_mock/faults', { faults }),
    reset: () => call('/_mock/reset', {}),
    async stop() {
      child.stdin.end();
      const [status] = await closed;
      if (status !== 0) throw new Error(`${program} ended with ${status}`);
    },
  };
}
