import { readFileSync } from 'node:fs';
import { createLine } from '@limpid/sdk/modbus';
import { loadProfiles } from '@limpid/sdk/profiles';
import { loadSite } from '@limpid/sdk/site';
import { describe, expect, it } from 'vitest';
import { FakeClock } from '../support/fake-clock.ts';

describe('what site.yaml accepts', () => {
  const sample = readFileSync(new URL('../../sdk/src/site/sample.yaml', import.meta.url), 'utf8');
  const { site } = loadSite(sample, { file: 'sample.yaml', profiles: loadProfiles().profiles });

  it('is what lines take', () => {
    for (const [name, options] of Object.entries(site!.lines)) {
      const line = createLine({ ...options, name }, { clock: new FakeClock(), random: () => 0.5 });
      expect(line.name).toBe(name);
    }
  });
});
