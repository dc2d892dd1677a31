import { describe, expect, it } from 'vitest';
import { ADAPTERS, checkRealWorld, leaksOf } from './real-world.ts';
import { productFiles } from './work-tree.ts';

const check = (text: string) => checkRealWorld({ path: 'sdk/src/modbus/a.ts', text });

describe('the rule of time and chance', () => {
  it.each([
    'const now = Date.now();',
    'const now = new Date();',
    'const read = Date.now;',
    'performance.now()',
    'process.hrtime.bigint()',
    'setTimeout(f, 5);',
    'globalThis.setInterval(f, 5)',
    'setImmediate(f)',
    'Math.random()',
    'constructor(random = Math.random) {}',
    'crypto.randomBytes(8)',
    "import { randomBytes } from 'node:crypto';",
    'globalThis.crypto.getRandomValues(bytes)',
    "import { setTimeout as sleep } from 'node:timers/promises';",
    'AbortSignal.timeout(5)',
  ])('refuses %s', (text) => {
    expect(check(text)).not.toEqual([]);
  });

  it('lets time and chance that were handed in be used', () => {
    expect(
      check('this.clock.wallMs(); new Date(wallMs); this.random(); clearTimeout(t); port.setTimeout(5); // Date.now'),
    ).toEqual([]);
  });

  it('lets the adapters be, and only them', () => {
    const text = 'Date.now()';
    expect(checkRealWorld({ path: 'sdk/src/core/system-clock.ts', text })).toEqual([]);
    expect(checkRealWorld({ path: 'gateway/src/core/system-clock.ts', text })).not.toEqual([]);
  });

  it('is kept by every file', () => {
    expect(productFiles().flatMap((file) => checkRealWorld(file))).toEqual([]);
  });

  it('lists no adapter that needs no exception', () => {
    const needing = productFiles()
      .filter((file) => leaksOf(file).length > 0)
      .map(({ path }) => path);
    expect(Object.keys(ADAPTERS).filter((path) => !needing.includes(path))).toEqual([]);
  });
});
