import { describe, expect, it } from 'vitest';
import { checkLayers, PACKAGES, ROOMS, roomOf, type Surroundings } from './layers.ts';
import { listPaths, productFiles, readPath } from './work-tree.ts';

const example: Surroundings = {
  dependencies: { sdk: ['mqtt'], gateway: ['@limpid/sdk', '@limpid/simulators'], simulators: ['@limpid/sdk'] },
  sdkRooms: ['core', 'modbus', 'ledger/seal'],
};
const check = (path: string, text: string) => checkLayers({ path, text }, example);

describe('the rule of the layers', () => {
  it('lets a room import from below', () => {
    expect(check('sdk/src/modbus/line.ts', "import { a } from '../core/clock.ts';\nimport fs from 'node:fs';")).toEqual(
      [],
    );
    expect(check('sdk/src/ledger/store/open.ts', "import { a } from '../seal/cbor.ts';")).toEqual([]);
    expect(check('sdk/src/uplinks/mqtt/mqtt.ts', "import { a } from '../../ledger/seal/cbor.ts';")).toEqual([]);
    expect(check('gateway/src/run/run.ts', "import { a } from '@limpid/sdk/modbus';\nimport b from './b.ts';")).toEqual(
      [],
    );
  });

  it.each([
    ['upward', 'sdk/src/core/clock.ts', "import { a } from '../modbus/line.ts';", 'core must not import modbus'],
    [
      'upward, for types only',
      'sdk/src/modbus/a.ts',
      "import type { A } from '../site/a.ts';",
      'modbus must not import site',
    ],
    [
      'sideways',
      'sdk/src/modbus/a.ts',
      "export { b } from '../ledger/seal/b.ts';",
      'modbus must not import ledger/seal',
    ],
    [
      'seal to store',
      'sdk/src/ledger/seal/a.ts',
      "import '../store/b.ts';",
      'ledger/seal must not import ledger/store',
    ],
    ['out of the package', 'gateway/src/a.ts', "import { a } from '../../sdk/src/core/a.ts';", 'leaves the package'],
    ['a test', 'sdk/src/core/a.ts', "import { a } from './b.test.ts';", 'is a test'],
    [
      'an index of the same package',
      'sdk/src/modbus/a.ts',
      "import { a } from '../core/index.ts';",
      'defines the name',
    ],
    ['without an ending', 'sdk/src/core/a.ts', "import { a } from './b';", 'lacks its ending'],
    ['a private subpath', 'gateway/src/a.ts', "import { a } from '@limpid/sdk/modbus/line';", 'no public subpath'],
    ['simulators to the gateway', 'simulators/src/a.ts', "import { a } from '@limpid/gateway';", 'must not use'],
    ['the SDK to the simulators', 'sdk/src/core/a.ts', "import { a } from '@limpid/simulators';", 'must not use'],
    ['an undeclared package', 'sdk/src/core/a.ts', "import left from 'left-pad';", 'no dependency'],
    ['a computed name', 'sdk/src/core/a.ts', 'await import(name);', 'computed name'],
    ['from a file in no room', 'sdk/src/loose.ts', '', 'no room'],
    ['from a room that does not exist', 'sdk/src/attic/a.ts', '', 'no room'],
  ])('refuses: %s', (_, path, text, fault) => {
    expect(check(path, text).join()).toContain(fault);
  });

  it('knows rooms of one and of two names', () => {
    expect(roomOf('sdk/src/ledger/seal/cbor.ts')).toBe('ledger/seal');
    expect(roomOf('sdk/src/uplinks/mqtt/mqtt.ts')).toBe('uplinks');
    expect(roomOf('sdk/src/ledger/index.ts')).toBeUndefined();
  });

  it('has no room that imports in a circle', () => {
    const reach = (room: string): string[] => (ROOMS[room] ?? []).flatMap((below) => [below, ...reach(below)]);
    for (const room of Object.keys(ROOMS)) expect(reach(room)).not.toContain(room);
  });

  it('is kept by every file', () => {
    const paths = listPaths();
    const around: Surroundings = {
      dependencies: Object.fromEntries(PACKAGES.map(({ folder }) => [folder, dependenciesOf(folder)])),
      sdkRooms: Object.keys(ROOMS).filter((room) => paths.includes(`sdk/src/${room}/index.ts`)),
    };
    expect(productFiles().flatMap((file) => checkLayers(file, around))).toEqual([]);
  });
});

function dependenciesOf(folder: string): string[] {
  const manifest = JSON.parse(readPath(`${folder}/package.json`)) as Record<string, Record<string, string> | undefined>;
  return Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies, ...manifest.optionalDependencies });
}
