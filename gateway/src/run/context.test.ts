import { parseContextPart } from '@limpid/sdk/ledger/seal';
import { loadProfiles } from '@limpid/sdk/profiles';
import { loadSite } from '@limpid/sdk/site';
import { expect, it } from 'vitest';
import { FakeClock } from '../../../test/support/fake-clock.ts';
import { analyserSite } from '../../../test/support/small-site.ts';
import { assemble } from './assembly.ts';
import { contextParts, toDetail } from './context.ts';

it('signs the site, the channel table, the software and each device', () => {
  const { profiles } = loadProfiles();
  const yaml = analyserSite('{ type: tcp, host: 127.0.0.1, port: 1502 }');
  const { site } = loadSite(yaml, { file: 'site.yaml', profiles });
  if (site === null) throw new Error('the sample has faults');
  const assembly = assemble(site, { clock: new FakeClock(), random: () => 0, profileOf: (id) => profiles.get(id)! });
  const parts = contextParts(site, assembly).map(({ bytes }) => parseContextPart(bytes));
  expect(parts.map(({ kind, name }) => [kind, name])).toEqual([
    ['site', ''],
    ['channels', ''],
    ['firmware', 'limpid'],
    ['device', 'cems'],
  ]);
  expect(parts[1]).toMatchObject({ channels: assembly.channels });
  expect(parts[3]).toMatchObject({ value: { profile: 'sdl-scs-900uv', unit: 1, pollEveryMs: 100 } });
});

it('keeps fractions as the text that people wrote, since the format has no floats', () => {
  expect(toDetail({ a: 0.84, b: 3, c: [null, true, 'x'], d: undefined })).toEqual({
    a: '0.84',
    b: 3,
    c: [null, true, 'x'],
  });
});
