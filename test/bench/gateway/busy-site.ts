import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

export const CHANNELS = 60;

/** The device's register a holds a: from 0x4268 on, pairs of them are floats between 58 and 123. */
const FIRST_REGISTER = 0x4268;

/** A site whose one device gives 60 values a second, on a Modbus TCP device that is there. */
export interface BusySite {
  root: string;
  siteFile: string;
  data: string;
  trust: string;
  close(): Promise<void>;
}

export interface BusySiteOptions {
  /** an uplink to this broker; the collector's key lies below `root` */
  brokerUrl?: string;
}

const DEVICE = fileURLToPath(new URL('../tcp/device.mjs', import.meta.url));
export const RECEIPT_KEY = 'collector.pub.pem';

export async function startBusySite({ brokerUrl }: BusySiteOptions = {}): Promise<BusySite> {
  const root = mkdtempSync(join(tmpdir(), 'limpid-bench-'));
  const device = spawn(process.execPath, [DEVICE], { stdio: ['pipe', 'pipe', 'inherit'] });
  const port = Number((await once(createInterface({ input: device.stdout }), 'line'))[0]);
  const siteFile = join(root, 'site.yaml');
  const trust = join(root, 'trust');
  mkdirSync(trust);
  mkdirSync(join(root, 'profiles', 'sixty-values'), { recursive: true });
  writeFileSync(join(root, 'profiles', 'sixty-values', 'profile.yaml'), profile());
  writeFileSync(siteFile, site(port, brokerUrl));
  const close = async () => {
    await endProcess(device);
    rmSync(root, { recursive: true, force: true });
  };
  return { root, siteFile, data: join(root, 'data'), trust, close };
}

async function endProcess(device: ChildProcess): Promise<void> {
  if (device.exitCode !== null) return;
  const gone = once(device, 'exit');
  device.kill();
  await gone;
}

function site(port: number, brokerUrl: string | undefined): string {
  const uplink = `{ type: mqtt, url: "${brokerUrl}", receiptKeys: [${RECEIPT_KEY}], live: true }`;
  return `site: { name: Bench, permit: 91110000101100000J001P }
outlets:
  DA001: { medium: air, ruleSet: cn-air-hj75-2017 }
lines:
  plc: { type: tcp, host: 127.0.0.1, port: ${port} }
devices:
  many: { profile: sixty-values, line: plc, unit: 1, outlet: DA001, pollEveryMs: 1000 }
${brokerUrl === undefined ? '' : `uplinks:\n  cloud: ${uplink}\n`}`;
}

function profile(): string {
  const fields = Array.from({ length: CHANNELS }, (_, n) => {
    return `  value-${n}: { at: ${FIRST_REGISTER + 2 * n}, type: f32, decimals: 2, unit: mg/m3 }`;
  });
  return `id: sixty-values
maker: Limpid
model: bench
kind: io
name: { en: Sixty values, zh: 六十个量 }
source: made for the bench
edition: "1"
confidence: HIGH
completeness: P
serial: { baudRate: 9600 }
pollEveryMs: 1000
fn: 3
order: ABCD
blocks:
  - { first: ${FIRST_REGISTER}, last: ${FIRST_REGISTER + 2 * CHANNELS - 1}, why: one request }
fields:
${fields.join('\n')}
status: communication-and-range
statusSource: the bench has no status
`;
}
