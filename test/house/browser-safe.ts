import { isBuiltin } from 'node:module';
import { posix } from 'node:path';
import { maskCode } from './code-mask.ts';
import { scanImports } from './import-scan.ts';
import { type Fault, findAll } from './work-tree.ts';

/** Packages that run in a browser as they are. */
const BROWSER_PACKAGES: Record<string, string> = {
  'cbor-x/encode': 'its exports name a build for browsers, which takes Buffer only where there is one',
};

/** Names that only Node.js has. */
const NODE_NAMES = /(?<![.\w$])(?:Buffer|process|__dirname|__filename|setImmediate|NodeJS)(?![\w$]|\s*:(?!:))/g;

/**
 * Faults of the files that are loaded when one of the `entries` is, followed through every import that is not erased.
 * Each is shown with the way that leads to it.
 */
export function checkBrowserSafe(entries: readonly string[], read: (path: string) => string | undefined): Fault[] {
  const faults: Fault[] = [];
  const seen = new Set<string>();
  const visit = (path: string, way: string) => {
    if (seen.has(path)) return;
    seen.add(path);
    const text = read(path);
    if (text === undefined) {
      faults.push(`${path}:1: is imported but not there${way}`);
      return;
    }
    faults.push(...findAll(path, maskCode(text), NODE_NAMES, ([name]) => `${name} is not in a browser${way}`));
    for (const { specifier, line, typeOnly } of scanImports(text)) {
      if (typeOnly) continue;
      if (specifier.startsWith('.')) visit(posix.join(posix.dirname(path), specifier), `${way}, from ${path}:${line}`);
      else if (isBuiltin(specifier) || !(specifier in BROWSER_PACKAGES)) {
        faults.push(`${path}:${line}: ${specifier} is not in a browser${way}`);
      }
    }
  };
  for (const entry of entries) visit(entry, '');
  return faults;
}
