import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { loadProfiles, showFault } from '../profiles/index.ts';
import { loadSite } from './index.ts';

const { profiles } = loadProfiles();
const sample = readFileSync(new URL('./sample.yaml', import.meta.url), 'utf8');

describe('site.yaml', () => {
  it('is read with its defaults in place', () => {
    const { site, faults } = loadSite(sample, { file: 'sample.yaml', profiles });
    expect(faults.map((fault) => showFault(fault, 'en'))).toEqual([]);
    expect(site?.devices.cems).toMatchObject({ unit: 1, outlet: 'DA001', pollEveryMs: 2500 });
    expect(site?.ledger.batchEveryS).toBe(10);
  });
});
