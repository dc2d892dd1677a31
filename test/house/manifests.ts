import type { Fault, SourceFile } from './work-tree.ts';

/** What of a package.json the rules look at. */
interface Manifest {
  bin?: Record<string, string>;
  dependencies?: Record<string, string>;
  devDependencies?: Record<string, string>;
  optionalDependencies?: Record<string, string>;
  overrides?: Overrides;
}
interface Overrides {
  [name: string]: string | Overrides;
}

const EXACT = /^\d+\.\d+\.\d+(?:-[\w.]+)?$/;

/** Versions that are ranges, tags or addresses: the next install would bring something that nobody tried. */
export function checkPins({ path, text }: SourceFile): Fault[] {
  const manifest = JSON.parse(text) as Manifest;
  const named = [manifest.dependencies, manifest.devDependencies, manifest.optionalDependencies, manifest.overrides];
  return named
    .flatMap((each) => flatten(each ?? {}))
    .flatMap(([name, version]) => {
      return EXACT.test(version) ? [] : [`${path}:1: ${name} is not pinned: ${version}`];
    });
}

/** Binaries of a package.json that are not there, cannot be started, or lack their first line. */
export function checkBins(
  { path, text }: SourceFile,
  look: (path: string) => { text: string; executable: boolean } | undefined,
): Fault[] {
  const folder = path.replace(/package\.json$/, '');
  return Object.entries((JSON.parse(text) as Manifest).bin ?? {}).flatMap(([name, target]) => {
    const bin = look(folder + target.replace(/^\.\//, ''));
    if (bin === undefined) return [`${path}:1: ${name}: ${target} is not there`];
    if (!bin.executable) return [`${path}:1: ${name}: ${target} is not executable`];
    return bin.text.startsWith('#!/usr/bin/env node\n') ? [] : [`${path}:1: ${name}: ${target} has no #! line`];
  });
}

/** Packages that a lock file fetches from a named host: it would not install where that host is not reached. */
export function checkLock({ path, text }: SourceFile): Fault[] {
  return text.split('\n').flatMap((line, index) => {
    return /"(?:resolved|version)":\s*"[^"]*:\/\//.test(line)
      ? [`${path}:${index + 1}: names a host: ${line.trim()}`]
      : [];
  });
}

function flatten(named: Overrides): [string, string][] {
  return Object.entries(named).flatMap(([name, value]): [string, string][] =>
    typeof value === 'string' ? [[name, value]] : flatten(value),
  );
}
