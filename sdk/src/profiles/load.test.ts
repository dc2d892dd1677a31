import { describe, expect, it } from 'vitest';
import { loadProfiles, ProfileShelf } from './load.ts';

describe('the shelf of profiles', () => {
  it('gives what loading all of them gives', () => {
    const { profiles } = loadProfiles();
    const shelf = new ProfileShelf();
    expect([...shelf.keys()]).toEqual([...profiles.keys()]);
    for (const [id, profile] of profiles) expect(shelf.get(id)).toEqual(profile);
    expect(shelf.faults.filter(({ severity }) => severity === 'error')).toEqual([]);
  });

  it('reads a file once', () => {
    const shelf = new ProfileShelf();
    expect(shelf.get('cnemc-water')).toBe(shelf.get('cnemc-water'));
  });

  it('knows nothing of other folders, and does not list what it was asked for in vain', () => {
    const shelf = new ProfileShelf();
    expect(shelf.get('cnemc-watter')).toBeUndefined();
    expect(shelf.get('../devices/cnemc-water')).toBeUndefined();
    expect([...shelf.keys()]).not.toContain('cnemc-watter');
  });

  it('prefers the profiles of the site', () => {
    const shipped = new ProfileShelf().get('cnemc-water')!;
    const corrected = { ...shipped, edition: 'corrected on site' };
    const shelf = new ProfileShelf(new Map([['cnemc-water', corrected]]));
    expect(shelf.get('cnemc-water')).toBe(corrected);
    expect([...shelf.keys()].filter((id) => id === 'cnemc-water')).toHaveLength(1);
  });
});
