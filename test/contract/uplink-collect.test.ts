import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createAedes } from '../support/brokers.ts';

const limpid = fileURLToPath(new URL('../../gateway/bin/limpid.js', import.meta.url));

describe('limpid collect', () => {
  let root: string;

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'collect-'));
    mkdirSync(join(root, 'trust'));
  });

  afterEach(() => rmSync(root, { recursive: true, force: true }));

  const run = (...args: string[]) => {
    const { status, stderr } = spawnSync(process.execPath, [limpid, 'collect', ...args], { encoding: 'utf8' });
    return { status, stderr };
  };

  it('says when it works, where its key is, and ends with 0 when asked to', async () => {
    const broker = await createAedes();
    await broker.start();
    const args = ['--url', broker.url, '--trust', join(root, 'trust'), '--data', join(root, 'data')];
    const child = spawn(process.execPath, [limpid, 'collect', ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
    try {
      const said: string[] = [];
      for await (const line of createInterface({ input: child.stdout })) {
        const message = JSON.parse(line);
        said.push(message.msg);
        if (message.msg === 'ready') expect(readFileSync(message.keyFile, 'utf8')).toMatch(/BEGIN PUBLIC KEY/);
        if (said.includes('ready') && said.includes('connected')) break;
      }
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      expect(await ended).toEqual([0, null]);
    } finally {
      child.kill('SIGKILL');
      await broker.kill();
    }
  });

  it.each([
    ['a url that is none', ['--url', 'http://x', '--trust', '.'], 2, 'USAGE'],
    ['a password in the url', ['--url', 'mqtt://a:b@x', '--trust', '.'], 2, 'USAGE'],
    [
      'a password that is not set',
      ['--url', 'mqtt://x', '--trust', '.', '--password-env', 'NOT_SET_HERE'],
      2,
      'NOT_SET_HERE',
    ],
    ['no trust folder', ['--url', 'mqtt://x', '--trust', '/nowhere'], 2, 'CONFIG_UNREADABLE'],
    ['no --trust', ['--url', 'mqtt://x'], 2, '--trust'],
  ])('refuses %s', (_, args, status, code) => {
    const ended = run(...args, '--data', join(root, 'data'));
    expect(ended.stderr).toContain(code);
    expect(ended.status).toBe(status);
  });
});
