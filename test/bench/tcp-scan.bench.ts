import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { planReads } from '@limpid/sdk/modbus';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type LayoutField, layoutFields, layoutMap } from '../support/register-layouts.ts';
import { median } from './rtu-scan.ts';

type Read = [address: number, count: number, fields: [offset: number, words: number, type: string][]];
const SECONDS = 1.5;
const ROUNDS = 5;

const fields = layoutFields('scatter');
const naive = fields.map((field): Read => [field.address, field.count, [[0, field.count, field.type]]]);
const best = planReads(layoutMap('scatter'), { perRequestMs: 1, perRegisterMs: 1e-3 }).map(
  (read): Read => [read.address, read.count, read.fields.map((field) => offsetIn(read.address, field.name))],
);

const RUNS = [
  { name: 'modbus-serial, one read per value', kind: 'modbus-serial', plan: naive },
  { name: 'modbus-serial, best plan', kind: 'modbus-serial', plan: best },
  { name: 'limpid, one read per value', kind: 'limpid', plan: naive },
  { name: 'limpid, best plan', kind: 'limpid', plan: best },
  { name: 'raw socket, best plan', kind: 'raw', plan: best },
] as const;

// Both ends on one core: between two idle virtual CPUs the wake-up of the machine is measured, not the client.
const pin = spawnSync('taskset', ['-c', '0', 'true']).status === 0 ? ['taskset', '-c', '0'] : [];
const node = (file: string, ...args: string[]): [string, string[]] => {
  const [command = process.execPath, ...rest] = [...pin, process.execPath, new URL(file, import.meta.url).pathname];
  return [command, [...rest, ...args]];
};
let device: ChildProcess;
let port = '';

beforeAll(async () => {
  device = spawn(...node('./tcp/device.mjs'), { stdio: ['pipe', 'pipe', 'inherit'] });
  const [text] = device.stdout === null ? [''] : await once(device.stdout, 'data');
  port = String(text).trim();
});
afterAll(() => void device.kill());

it('scans at least eight times as fast as modbus-serial with one read per value', () => {
  const perSecond = new Map<string, number[]>(RUNS.map(({ name }) => [name, []]));
  const cpuUs = new Map<string, number[]>(RUNS.map(({ name }) => [name, []]));
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const { name, kind, plan } of RUNS) {
      const [command, args] = node('./tcp/client.mjs', kind, port, String(SECONDS), JSON.stringify(plan));
      const printed = execFileSync(command, args, { cwd: fileURLToPath(new URL('../..', import.meta.url)) }).toString();
      const result: { scans: number; seconds: number; cpuUs: number } = JSON.parse(printed);
      perSecond.get(name)?.push(result.scans / result.seconds);
      cpuUs.get(name)?.push(result.cpuUs);
    }
  }
  const rate = (name: (typeof RUNS)[number]['name']) => median(perSecond.get(name) ?? []);
  console.log('| client | requests | scans/s | × modbus-serial naive | client CPU µs/scan |\n|---|---|---|---|---|');
  for (const { name, plan } of RUNS) {
    const times = (rate(name) / rate('modbus-serial, one read per value')).toFixed(1);
    console.log(
      `| ${name} | ${plan.length} | ${rate(name).toFixed(0)} | ${times} | ${median(cpuUs.get(name) ?? []).toFixed(0)} |`,
    );
  }
  const ratioToRaw = rate('limpid, best plan') / rate('raw socket, best plan');
  console.log(`limpid with the best plan reaches ${(100 * ratioToRaw).toFixed(0)} % of the raw socket`);
  expect(rate('limpid, best plan') / rate('modbus-serial, one read per value')).toBeGreaterThanOrEqual(8);
});

function offsetIn(start: number, name: string): [number, number, string] {
  const field: LayoutField | undefined = fields.find((each) => each.name === name);
  if (field === undefined) throw new RangeError(name);
  return [field.address - start, field.count, field.type];
}
