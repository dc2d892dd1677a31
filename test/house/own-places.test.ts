import { describe, expect, it } from 'vitest';
import { checkPlaces, checkTopLevel } from './own-places.ts';
import { listPaths, textFiles } from './work-tree.ts';

const check = (text: string) => checkPlaces({ path: 'a.md', text });

describe('the rule of places', () => {
  it('refuses paths of one machine and hosts of registries', () => {
    for (const start of ['/wo', '"/wo', ' /wo']) expect(check(`${start}rk/main/a.ts`), start).not.toEqual([]);
    expect(check(`see /tmp/${'brief'}/a.md`)).not.toEqual([]);
    expect(check(`https://${'registry'}.npmjs.org/a`)).not.toEqual([]);
    expect(check(`https://npm.${'corp'}.example.com/a`)).not.toEqual([]);
  });

  it('lets ordinary paths and hosts be', () => {
    expect(
      check('/var/lib/limpid /dev/ttyUSB0 net/work/a ./work/b /workshop https://github.com/a mqtts://broker.example'),
    ).toEqual([]);
  });

  it('is kept by every file', () => {
    expect(textFiles().flatMap(checkPlaces)).toEqual([]);
  });
});

describe('the rule of the root', () => {
  it('refuses what has no place there', () => {
    expect(checkTopLevel('scripts/a.sh')).not.toEqual([]);
    expect(checkTopLevel('sdk/a.ts')).toEqual([]);
    expect(checkTopLevel('.editorconfig')).toEqual([]);
  });

  it('is kept', () => {
    expect(listPaths().flatMap(checkTopLevel)).toEqual([]);
  });
});
