import { describe, expect, it } from 'vitest';
import { QUALITIES } from '../core/quality.ts';
import { bindProfile, loadProfiles, profileImage, showFault } from './index.ts';

const { profiles, faults } = loadProfiles();

describe('the shipped profiles', () => {
  it('load without a finding', () => {
    expect(faults.map((fault) => showFault(fault, 'en'))).toEqual([]);
    expect([...profiles.keys()]).toContain('sdl-scs-900uv');
  });

  it('read back what a simulator writes through the same profile', () => {
    const profile = profiles.get('sdl-scs-900uv')!;
    const image = profileImage(profile);
    const bound = bindProfile(profile, { device: 'cems', outlet: 'DA001', firstChannelId: 10 });
    image.set('so2', 34.56);
    image.set('adjust', 1);
    image.set('alarm', 0);
    const results = new Map(
      bound.map.fields.map((field) => {
        const words = image.read(field.fn, field.address, field.count);
        if (typeof words === 'number') throw new Error(`exception ${words}`);
        return [field.name, { ok: true, words, monoMs: 5 } as const];
      }),
    );
    const readings = bound.readings(results, { wallMs: 7, monoMs: 5 });
    const so2 = readings.find((reading) => reading.channel.name === 'so2')!;
    expect(so2).toMatchObject({ value: 3456, quality: QUALITIES.good, wallMs: 7, monoMs: 5 });
    expect(so2.channel).toMatchObject({ id: 13, unit: 'mg/m3', code: 'a21026', outlet: 'DA001', exponent: -2 });
  });
});
