import { posix } from 'node:path';
import { computedImports, type Import, scanImports } from './import-scan.ts';
import type { Fault, SourceFile } from './work-tree.ts';

/** What each room of @limpid/sdk may import. Imports go downward only; a room that is not listed has no place yet. */
export const ROOMS: Record<string, readonly string[]> = {
  core: [],
  modbus: ['core'],
  profiles: ['core', 'modbus'],
  site: ['core', 'profiles'],
  acquire: ['core', 'modbus', 'profiles', 'site'],
  'ledger/seal': ['core'],
  'ledger/store': ['core', 'ledger/seal'],
  rules: ['core'],
  figures: ['core', 'site', 'rules', 'ledger/seal', 'ledger/store'],
  history: ['core', 'ledger/seal', 'ledger/store'],
  hj212: ['core'],
  uplinks: ['core', 'site', 'ledger/seal', 'ledger/store', 'history', 'rules', 'hj212'],
};

interface Package {
  folder: string;
  name: string;
  /** other packages of the project that it may use */
  uses: readonly string[];
}

export const PACKAGES: readonly Package[] = [
  { folder: 'sdk', name: '@limpid/sdk', uses: [] },
  { folder: 'simulators', name: '@limpid/simulators', uses: ['@limpid/sdk'] },
  { folder: 'gateway', name: '@limpid/gateway', uses: ['@limpid/sdk', '@limpid/simulators'] },
  { folder: 'node-red-nodes', name: '@limpid/node-red', uses: ['@limpid/sdk', '@limpid/simulators'] },
];

/** What a package names in package.json, and which subpaths the SDK has. */
export interface Surroundings {
  dependencies: Record<string, readonly string[]>;
  sdkRooms: readonly string[];
}

/** The room of a file of the SDK: `ledger/seal`, `modbus` …; undefined outside every room. */
export function roomOf(path: string): string | undefined {
  const inside = path.replace(/^sdk\/src\//, '');
  const [first = '', second = ''] = inside.split('/');
  return [`${first}/${second}`, first].find((room) => room in ROOMS && inside.startsWith(`${room}/`));
}

/** Faults of one product file against the layers of the house. */
export function checkLayers({ path, text }: SourceFile, around: Surroundings): Fault[] {
  const owner = PACKAGES.find(({ folder }) => path.startsWith(`${folder}/`));
  if (owner === undefined) return [`${path}:1: belongs to no package`];
  const faults = computedImports(text).map((line) => `${path}:${line}: loads a module by a computed name`);
  if (owner.folder === 'sdk' && roomOf(path) === undefined) faults.push(`${path}:1: stands in no room of the SDK`);
  for (const found of scanImports(text)) {
    const fault = found.specifier.startsWith('.')
      ? checkRelative(path, owner, found)
      : checkNamed(owner, found.specifier, around);
    if (fault !== undefined) faults.push(`${path}:${found.line}: ${fault}`);
  }
  return faults;
}

function checkRelative(path: string, owner: Package, { specifier }: Import): string | undefined {
  const target = posix.join(posix.dirname(path), specifier);
  if (!target.startsWith(owner.folder === 'node-red-nodes' ? 'node-red-nodes/' : `${owner.folder}/src/`)) {
    return `${specifier} leaves the package`;
  }
  if (/\.test\.ts$/.test(specifier)) return `${specifier} is a test`;
  if (owner.folder === 'node-red-nodes') return undefined;
  if (!/\.(?:ts|json)$/.test(specifier)) return `${specifier} lacks its ending .ts`;
  if (specifier.endsWith('/index.ts')) return `${specifier}: import the file that defines the name`;
  if (owner.folder !== 'sdk') return undefined;
  const from = roomOf(path);
  const to = roomOf(target);
  if (from === undefined || to === from) return undefined;
  if (to === undefined) return `${specifier} is in no room`;
  return ROOMS[from]?.includes(to) ? undefined : `${from} must not import ${to}`;
}

function checkNamed(owner: Package, specifier: string, around: Surroundings): string | undefined {
  if (specifier.startsWith('node:')) return undefined;
  const name = specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
  if (name.startsWith('@limpid/')) {
    if (!owner.uses.includes(name)) return `${owner.name} must not use ${name}`;
    const subpath = specifier.slice(name.length + 1);
    const isPublic = name === '@limpid/sdk' ? around.sdkRooms.includes(subpath) : subpath === '';
    if (!isPublic) return `${specifier} is no public subpath`;
  }
  return around.dependencies[owner.folder]?.includes(name) ? undefined : `${name} is no dependency of ${owner.name}`;
}
