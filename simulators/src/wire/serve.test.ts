import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterEach, describe, expect, it } from 'vitest';
import { need } from '../../../test/support/need.ts';
import { openPseudoTerminal, serveRtu, serveRtuOverTcp, serveTcp } from './index.ts';
import type { ModbusUnit } from './modbus-unit.ts';

const run = promisify(execFile);
const unit: ModbusUnit = {
  read: (fn, address, count) =>
    address >= 60000 ? 2 : Uint16Array.from({ length: count }, (_, index) => (fn <= 2 ? index & 1 : address + index)),
};
const units = new Map([[1, unit]]);
const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

describe.skipIf(!need('mbpoll', 'mbpoll'))('mbpoll from Debian', () => {
  it('reads the TCP end', async () => {
    const server = await serveTcp({ units });
    closing.push(() => server.close());
    const { stdout } = await run('mbpoll', ['-1', '-0', '-p', `${server.port}`, '-r', '100', '-c', '3', server.host]);
    expect(stdout).toMatch(/\[100\]:\s+100\s+\[101\]:\s+101\s+\[102\]:\s+102/);
  });

  it('reads the serial end, paced at 9600 Bd', async () => {
    const pty = openPseudoTerminal();
    const server = serveRtu({ stream: pty, baudRate: 9600, turnaroundMs: 5, units });
    closing.push(() => server.close());
    const args = ['-m', 'rtu', '-1', '-0', '-b', '9600', '-P', 'none', '-r', '100', '-c', '3', pty.path];
    const { stdout } = await run('mbpoll', args);
    expect(stdout).toMatch(/\[100\]:\s+100\s+\[101\]:\s+101\s+\[102\]:\s+102/);
    expect(server.requests).toBe(1);
  });
});

it('listens for serial frames inside TCP and closes twice without harm', async () => {
  const server = await serveRtuOverTcp({ baudRate: 0, units });
  expect(server.port).toBeGreaterThan(0);
  await server.close();
  await server.close();
});
