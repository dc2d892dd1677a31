import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { serveTcp, type TcpServer } from '../../simulators/src/wire/index.ts';

export interface SiteFolder {
  root: string;
  siteFile: string;
  data: string;
  remove(): void;
}

/** A folder of its own with a site.yaml and a place for data. */
export function siteFolder(yaml: string): SiteFolder {
  const root = mkdtempSync(join(tmpdir(), 'limpid-site-'));
  const siteFile = join(root, 'site.yaml');
  writeFileSync(siteFile, yaml);
  return { root, siteFile, data: join(root, 'data'), remove: () => rmSync(root, { recursive: true, force: true }) };
}

/** One SDL gas analyser on one line, polled fast and sealed every second. */
export function analyserSite(line: string, options: { pollEveryMs?: number; more?: string } = {}): string {
  return `site: { name: Test plant, permit: 91110000101100000J001P }
outlets:
  DA001: { medium: air, ruleSet: cn-air-hj75-2017 }
lines:
  wire: ${line}
devices:
  cems: { profile: sdl-scs-900uv, line: wire, unit: 1, outlet: DA001, pollEveryMs: ${options.pollEveryMs ?? 100} }
ledger: { batchEveryS: 1 }
${options.more ?? ''}`;
}

/** The registers of that analyser: 10 alarm and adjust state, 11 maintenance, then five floats (SCS-900UV, 10..21). */
export function analyserRegisters(values: readonly [number, number, number, number, number]): Map<number, number> {
  const registers = new Map([
    [10, 0x0001],
    [11, 0],
  ]);
  values.forEach((value, k) => {
    const view = new DataView(new ArrayBuffer(4));
    view.setFloat32(0, value);
    registers.set(12 + 2 * k, view.getUint16(0));
    registers.set(13 + 2 * k, view.getUint16(2));
  });
  return registers;
}

/** That analyser on a TCP port, and the line of a site.yaml that reaches it. */
export async function serveAnalyser(): Promise<TcpServer & { line: string }> {
  const registers = analyserRegisters([123.456, 80.5, 6.2, 4.25, 127.75]);
  const read = (_: number, address: number, count: number) =>
    Uint16Array.from({ length: count }, (_, k) => registers.get(address + k) ?? 0);
  const server = await serveTcp({ units: new Map([[1, { read }]]) });
  return Object.assign(server, { line: `{ type: tcp, host: ${server.host}, port: ${server.port} }` });
}
