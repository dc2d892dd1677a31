import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { type ForeignServer, startForeignServer } from '../support/foreign-server.ts';
import { limpid, type RunningCommand, startLimpid } from '../support/limpid.ts';
import { need } from '../support/need.ts';
import { analyserRegisters, analyserSite, type SiteFolder, siteFolder } from '../support/small-site.ts';

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

const PYMODBUS = need({ python: 'pymodbus' }, 'python3-pymodbus');
const LIBMODBUS = need('gcc', 'gcc') && need({ file: '/usr/include/modbus/modbus.h' }, 'libmodbus-dev');
const CASES = [
  ...(PYMODBUS ? [['pymodbus', 'tcp'] as const, ['pymodbus', 'rtu'] as const] : []),
  ...(LIBMODBUS ? [['libmodbus', 'tcp'] as const, ['libmodbus', 'rtu'] as const] : []),
];

// skipped where need() found neither peer and said so
describe.skipIf(CASES.length === 0)('limpid run', () => {
  it.each(CASES)('polls an analyser served by %s over %s, and its ledger verifies', async (maker, kind) => {
    const server = await startForeignServer(maker, kind, analyserRegisters([123.456, 80.5, 6.2, 4.25, 127.75]));
    closing.push(() => server.close());
    const site = siteFolder(analyserSite(server.line));
    closing.push(() => site.remove());
    const gateway = startLimpid(['run', site.siteFile, '--data', site.data]);
    await gateway.ready();
    await expectValues(site, gateway, server);
    expect((await gateway.stop()).exitCode).toBe(0);
    const verified = await limpid(['verify', site.data, '--key', join(site.data, 'keys', 'ledger.pub.pem'), '--json']);
    expect(verified.exitCode).toBe(0);
    expect(JSON.parse(verified.stdout)).toMatchObject({ verdict: 'verified', findings: [] });
  });
});

async function expectValues(site: SiteFolder, gateway: RunningCommand, server: ForeignServer): Promise<void> {
  const read = await limpid(['read', site.siteFile, 'cems', '--data', site.data, '--json']);
  expect(read, `${server.line}\n${gateway.lines.join('\n')}`).toMatchObject({ exitCode: 0 });
  const readings = read.stdout.split('\n').map((line) => JSON.parse(line));
  const so2 = readings.find(({ channel }) => channel === 'so2');
  expect(so2).toMatchObject({
    device: 'cems',
    code: 'a21026',
    value: 123.46,
    exact: '123.46',
    unit: 'mg/m3',
    quality: 'good',
    raw: '42F6 E979',
  });
  const watch = startLimpid(['watch', '--data', site.data, '--json']);
  const sealed = await watch.line((line) => line.includes('a21026'));
  expect(JSON.parse(sealed).values).toContainEqual(
    expect.objectContaining({ code: 'a21026', value: 123.46, quality: 'good', seq: expect.any(Number) }),
  );
  await watch.stop();
}
