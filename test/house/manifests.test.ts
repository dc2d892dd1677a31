import { describe, expect, it } from 'vitest';
import { checkBins, checkLock, checkPins } from './manifests.ts';
import { isExecutable, listPaths, readPath } from './work-tree.ts';

const manifest = (content: unknown) => ({ path: 'sdk/package.json', text: JSON.stringify(content) });
const paths = listPaths();
const manifests = paths
  .filter((path) => /(?:^|\/)package\.json$/.test(path))
  .map((path) => ({ path, text: readPath(path) }));

describe('the rule of pinned versions', () => {
  it.each(['^1.0.0', '~1.0.0', '1.x', '*', 'latest', '>=1.0.0', 'https://host/a.tgz', 'git+ssh://host/a.git', '1.0'])(
    'refuses %s',
    (version) => {
      expect(checkPins(manifest({ dependencies: { a: version } }))).not.toEqual([]);
      expect(checkPins(manifest({ devDependencies: { a: version } }))).not.toEqual([]);
      expect(checkPins(manifest({ overrides: { a: { b: version } } }))).not.toEqual([]);
    },
  );

  it('takes exact versions', () => {
    expect(checkPins(manifest({ dependencies: { a: '1.0.0', b: '2.0.0-rc.1' }, engines: { node: '>=20' } }))).toEqual(
      [],
    );
  });

  it('is kept by every package', () => {
    expect(manifests.length).toBe(5);
    expect(manifests.flatMap(checkPins)).toEqual([]);
  });
});

describe('the rule of binaries', () => {
  const text = '#!/usr/bin/env node\n';
  const bin = manifest({ bin: { limpid: './bin/limpid.js' } });

  it('refuses one that is absent, not executable or has no first line', () => {
    expect(checkBins(bin, () => undefined)).not.toEqual([]);
    expect(checkBins(bin, () => ({ text, executable: false }))).not.toEqual([]);
    expect(checkBins(bin, () => ({ text: 'import x', executable: true }))).not.toEqual([]);
    const look = (path: string) => (path === 'sdk/bin/limpid.js' ? { text, executable: true } : undefined);
    expect(checkBins(bin, look)).toEqual([]);
  });

  it('is kept by every package', () => {
    const look = (path: string) =>
      paths.includes(path) ? { text: readPath(path), executable: isExecutable(path) } : undefined;
    expect(manifests.flatMap((each) => checkBins(each, look))).toEqual([]);
  });
});

describe('the rule of the lock file', () => {
  it('refuses hosts', () => {
    const text = '{\n  "resolved": "https://host.example/a.tgz"\n}';
    expect(checkLock({ path: 'package-lock.json', text })).toHaveLength(1);
    expect(checkLock({ path: 'package-lock.json', text: '{\n  "resolved": "sdk",\n  "link": true\n}' })).toEqual([]);
  });

  it('is kept', () => {
    expect(checkLock({ path: 'package-lock.json', text: readPath('package-lock.json') })).toEqual([]);
  });
});
