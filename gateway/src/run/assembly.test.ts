import { createSystemClock, systemRandom } from '@limpid/sdk/core';
import { loadProfiles } from '@limpid/sdk/profiles';
import { loadSite } from '@limpid/sdk/site';
import { afterEach, expect, it } from 'vitest';
import { serveAnalyser } from '../../../test/support/small-site.ts';
import { assemble } from './assembly.ts';
import { readDevices } from './read-devices.ts';

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

it('asks a silent unit once, however many devices the site makes of it', async () => {
  const { profiles } = loadProfiles();
  const server = await serveAnalyser();
  closing.push(() => server.close());
  const { site, faults } = loadSite(
    `site: { name: Plant, permit: 91110000101100000J001P }
lines:
  plc: { type: tcp, host: ${server.host}, port: ${server.port}, timeoutMs: 100 }
devices:
  gas: { profile: sdl-scs-900uv, line: plc, unit: 1, pollEveryMs: 1000 }
  dust: { profile: treeland-pmm180, line: plc, unit: 1, pollEveryMs: 1000 }
`,
    { file: 'site.yaml', profiles },
  );
  if (site === null) throw new Error(faults.map(({ message }) => message('en')).join());
  const deps = { clock: createSystemClock(), random: systemRandom.fraction };
  const assembly = assemble(site, { ...deps, profileOf: (id) => profiles.get(id)! });
  const [line] = assembly.lines;
  closing.push(() => line?.stop());
  await line?.start();
  server.faults.set({ kind: 'silence' });
  const { signal } = new AbortController();
  const [gas] = await readDevices(assembly, ['gas'], signal);
  const [dust] = await readDevices(assembly, ['dust'], signal);
  expect(gas?.fault?.code).toBe('DEVICE_SILENT');
  expect(dust?.fault?.code).toBe('DEVICE_BACKED_OFF');
  expect(line?.usage().timeouts).toBe(1);
});
