import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** One file of the work tree; the path is relative to the root, with slashes. */
export interface SourceFile {
  path: string;
  text: string;
}

/** A rule broken: `path:line: what`, ready to be clicked. */
export type Fault = string;

/** What .gitignore leaves out, and the store of git itself. */
const IGNORED = new Set(['.git', 'node_modules', 'dist', 'coverage', 'demo-data', '.DS_Store']);

const TEXT =
  /(?:\.(?:ts|js|mjs|json|jsonc|md|ya?ml|py|c|h|sh|html|css|service|txt)|\/run|LICENSE|\.gitignore|\.npmrc)$/;
const CODE = /\.(?:ts|js)$/;

/** Every path of the work tree that git would keep, without asking git: a clone may belong to another user. */
export function listPaths(folder = ''): string[] {
  const paths: string[] = [];
  for (const entry of readdirSync(join(ROOT, folder), { withFileTypes: true })) {
    if (IGNORED.has(entry.name) || entry.name.endsWith('.tsbuildinfo')) continue;
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
    if (entry.isDirectory()) paths.push(...listPaths(path));
    else if (entry.isFile()) paths.push(path);
  }
  return paths.sort();
}

export function readPath(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8');
}

export function isExecutable(path: string): boolean {
  return (statSync(join(ROOT, path)).mode & 0o111) !== 0;
}

export function textFiles(): SourceFile[] {
  return listPaths()
    .filter((path) => TEXT.test(path))
    .map(toFile);
}

/** TypeScript and JavaScript of the product and of the tests. */
export function codeFiles(): SourceFile[] {
  return listPaths()
    .filter((path) => CODE.test(path))
    .map(toFile);
}

/** What ships: the sources of the packages without their tests. */
export function productFiles(): SourceFile[] {
  return codeFiles().filter(({ path }) => isProduct(path));
}

export function isProduct(path: string): boolean {
  return /^(?:sdk|gateway|simulators)\/src\/|^node-red-nodes\//.test(path) && !path.endsWith('.test.ts');
}

export function lineOf(text: string, offset: number): number {
  return text.slice(0, offset).split('\n').length;
}

/** Where a pattern (global) stands in a text, as faults. `shown` is the text that people wrote. */
export function findAll(
  path: string,
  searched: string,
  pattern: RegExp,
  what: (match: RegExpExecArray) => string,
): Fault[] {
  return [...searched.matchAll(pattern)].map((match) => `${path}:${lineOf(searched, match.index)}: ${what(match)}`);
}

function toFile(path: string): SourceFile {
  return { path, text: readPath(path) };
}
