import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseItem, parseSegmentHeader } from '@limpid/sdk/ledger/seal';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { limpid } from '../support/limpid.ts';

let root: string;
let demo: { exitCode: number | null; stdout: string };

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'limpid-demo-'));
  demo = await limpid(['demo', '--for', '4s', '--data', root]);
}, 60_000);
afterAll(() => rmSync(root, { recursive: true, force: true }));

const key = () => join(root, 'gateway', 'keys', 'ledger.pub.pem');
const receipt = () => [
  ...['--receipt', join(root, 'gateway', 'uplinks', 'collector', 'receipt.note')],
  ...['--receipt-key', join(root, 'collector', 'keys', 'collector.pub.pem')],
];

describe('limpid demo', () => {
  it('ends with both copies verified and in agreement', () => {
    expect(demo.exitCode).toBe(0);
    expect(demo.stdout).toMatch(/verified: both agree on \d+ entries/);
    const states = demo.stdout.split('\n').filter((line) => line.startsWith('{'));
    expect(JSON.parse(states.at(-1) ?? '')).toMatchObject({
      receipts: [{ name: 'collector', connected: true }],
      values: expect.arrayContaining([expect.objectContaining({ outlet: 'DA001', code: 'a21026', quality: 'good' })]),
    });
  });

  it('leaves a ledger whose end cannot be cut off unnoticed by whoever holds a receipt', async () => {
    const verify = (...more: string[]) => limpid(['verify', join(root, 'gateway'), '--key', key(), ...more]);
    expect((await verify(...receipt())).exitCode).toBe(0);
    cutNewestEntries(join(root, 'gateway', 'ledger'), 2);
    expect((await verify()).exitCode).toBe(0);
    const held = await verify(...receipt());
    expect(held.exitCode).toBe(2);
    expect(held.stdout).toContain('receipt-ahead');
    expect((await verify('--receipt', key())).exitCode).toBe(6);
  });
});

/** As somebody would who knows the format: whole items, zeros in their place. */
function cutNewestEntries(dir: string, count: number): void {
  const path = join(dir, readdirSync(dir).find((name) => name.endsWith('.seg')) ?? '');
  const bytes = new Uint8Array(readFileSync(path));
  const offsets = [parseSegmentHeader(bytes).end];
  for (;;) {
    const start = offsets.at(-1) ?? 0;
    if ((bytes[start] ?? 0) === 0) break;
    const item = parseItem(bytes, start);
    if (item === 'incomplete') break;
    offsets.push(item.end);
  }
  bytes.fill(0, offsets.at(-1 - count));
  writeFileSync(path, bytes);
}
