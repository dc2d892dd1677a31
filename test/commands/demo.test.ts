import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const BIN = fileURLToPath(new URL('../../gateway/bin/limpid.js', import.meta.url));

it('ends on a Ctrl-C that its whole process group hears, with a ledger and a mirror that agree', async () => {
  const root = mkdtempSync(join(tmpdir(), 'limpid-demo-test-'));
  // a process group of its own, as a terminal gives to the command in front
  const demo = spawn(process.execPath, [BIN, 'demo', '--data', root], {
    env: { ...process.env, LC_ALL: 'C' },
    stdio: ['ignore', 'pipe', 'inherit'],
    detached: true,
  });
  const ended = once(demo, 'exit');
  try {
    const lines: string[] = [];
    for await (const line of createInterface({ input: demo.stdout })) {
      lines.push(line);
      if (/"receiptedSize":[1-9]/.test(line) && demo.pid !== undefined) process.kill(-demo.pid, 'SIGINT');
    }
    expect((await ended)[0]).toBe(0);
    // each process was asked to end, in order, and not cut off by the signal that the demo was meant to hear
    expect(readFileSync(join(root, 'logs', 'gateway.log'), 'utf8')).toContain('"msg":"stopped"');
    expect(lines.join('\n')).toMatch(/verified: both agree on \d+ entries/);
  } finally {
    demo.kill('SIGKILL');
    rmSync(root, { recursive: true, force: true });
  }
}, 30_000);
