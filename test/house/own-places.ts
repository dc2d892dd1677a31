import { type Fault, findAll, type SourceFile } from './work-tree.ts';

/** What may stand in the root, so that a newcomer sees the whole house at once. */
export const TOP_LEVEL = new Set([
  'sdk',
  'gateway',
  'node-red-nodes',
  'simulators',
  'test',
  'package.json',
  'package-lock.json',
  'tsconfig.json',
  'README.md',
  'README.zh-CN.md',
  'LICENSE',
  'CHANGELOG.md',
  'SECURITY.md',
]);

// written in pieces so that this file does not break its own rule
const MACHINE_PATHS = new RegExp(
  `(?<![\\w.])(?:${['/wo' + 'rk', '/tmp/' + 'brief', '/tmp/bash' + '_jobs'].join('|')})(?=[/\\s'"\`)]|$)`,
  'gm',
);
const REGISTRIES =
  /\b(?:registry|npm|artifactory|nexus|verdaccio|proxy)\.[a-z0-9-]+(?:\.[a-z0-9-]+)*\.(?:org|com|net|io|dev|cn|internal|local)\b/gi;

/** Paths of the machine that somebody worked on, and hosts that packages were fetched from. */
export function checkPlaces({ path, text }: SourceFile): Fault[] {
  return [
    ...findAll(path, text, MACHINE_PATHS, ([name]) => `${name} is a path of one machine`),
    ...findAll(path, text, REGISTRIES, ([name]) => `${name} is a registry`),
  ];
}

export function checkTopLevel(path: string): Fault[] {
  const [first = ''] = path.split('/');
  return first.startsWith('.') || TOP_LEVEL.has(first) ? [] : [`${path}:1: ${first} has no place in the root`];
}
