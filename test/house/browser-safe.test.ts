import { describe, expect, it } from 'vitest';
import { checkBrowserSafe } from './browser-safe.ts';
import { listPaths, productFiles, readPath } from './work-tree.ts';

const check = (files: Record<string, string>) => checkBrowserSafe(['seal/a.ts'], (path) => files[path]);

describe('the rule of the browser-safe room', () => {
  it('lets a file use what browsers have', () => {
    const text =
      "import { b } from './b.ts';\nconst x = new Uint8Array(b); crypto.subtle; const o = { process: 1 }; o.process;";
    expect(check({ 'seal/a.ts': text, 'seal/b.ts': "import type { C } from 'node:fs';\n// Buffer" })).toEqual([]);
  });

  it.each([
    ['a built-in module', "import { createHash } from 'node:crypto';", 'node:crypto'],
    ['a built-in module without its prefix', "import fs from 'fs';", 'fs is not'],
    ['an import of types among others', "import { type X } from 'node:fs';", 'node:fs'],
    ['Buffer', 'const x = Buffer.from(y);', 'Buffer'],
    ['process', 'if (process.platform) {}', 'process'],
    ['a package that is not known to run there', "import m from 'modbus-serial';", 'modbus-serial'],
  ])('refuses %s', (_, text, fault) => {
    expect(check({ 'seal/a.ts': text }).join()).toContain(fault);
  });

  it('follows imports, and names the way', () => {
    const files = {
      'seal/a.ts': "import { b } from '../core/b.ts';",
      'core/b.ts': "\nexport { c } from './c.ts';",
      'core/c.ts': "import 'node:fs';",
    };
    expect(check(files)).toEqual(['core/c.ts:1: node:fs is not in a browser, from seal/a.ts:1, from core/b.ts:2']);
  });

  it('is kept by ledger/seal and everything that it loads', () => {
    const paths = new Set(listPaths());
    const entries = productFiles()
      .map(({ path }) => path)
      .filter((path) => path.startsWith('sdk/src/ledger/seal/'));
    expect(entries.length).toBeGreaterThan(0);
    expect(checkBrowserSafe(entries, (path) => (paths.has(path) ? readPath(path) : undefined))).toEqual([]);
  });
});
