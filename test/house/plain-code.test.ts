import { describe, expect, it } from 'vitest';
import {
  CAST_EXCEPTIONS,
  checkFinished,
  checkName,
  checkRunning,
  checkSize,
  checkTyped,
  MOST_LINES,
  TABLES,
} from './plain-code.ts';
import { codeFiles, listPaths, textFiles } from './work-tree.ts';

const file = (text: string) => ({ path: 'sdk/src/core/a.ts', text });

describe('the rule of types', () => {
  it.each([
    'const a = b as any;',
    'const a = b as unknown as C;',
    'function f(a: any) {}',
    'let a: any;',
    'const a: any[] = [];',
    'type A = string | any;',
    'const a = new Map<string, any>();',
    'const a: Array<any> = [];',
    "export * from './b.ts';",
    "export * as b from './b.ts';",
    `// @ts-${'ignore'}`,
    `// @ts-${'expect'}-error`,
  ])('refuses %s', (text) => {
    expect(checkTyped(file(text))).not.toEqual([]);
  });

  it('lets words in comments and strings be, and honest types', () => {
    const text =
      "// as any, export *\nconst a = 'as unknown as'; const any = 1; f(any); x ? any : y; b as unknown; b as const; c * export1";
    expect(checkTyped(file(text))).toEqual([]);
  });

  it('is kept by every file', () => {
    expect(codeFiles().flatMap((each) => checkTyped(each))).toEqual([]);
  });
});

describe('the rule of finished work', () => {
  it.each(['TO', 'FIX', 'HA'])('refuses a word that begins with %s', (start) => {
    const word = { TO: 'DO', FIX: 'ME', HA: 'CK' }[start];
    expect(checkFinished(file(`// ${start}${word}: later`))).not.toEqual([]);
    expect(checkFinished(file(`// ${start.toLowerCase()}${word?.toLowerCase()}`))).toEqual([]);
  });

  it('is kept by every file', () => {
    expect(textFiles().flatMap(checkFinished)).toEqual([]);
  });
});

describe('the rule of running tests', () => {
  it('refuses a test that leaves the others out, whatever is said', () => {
    expect(checkRunning(file("it.only('a', f);"))).not.toEqual([]);
    expect(checkRunning(file("// skipped for now\ndescribe.only('a', f);"))).not.toEqual([]);
  });

  it('refuses a test that does not run and does not say why', () => {
    for (const call of ['it.skip', 'test.todo', 'describe.skipIf', 'it.concurrent.skip', 'it.fails']) {
      expect(checkRunning(file(`${call}('a', f);`)), call).not.toEqual([]);
      expect(checkRunning(file(`// a comment\n${call}('a', f);`)), call).not.toEqual([]);
      expect(checkRunning(file(`// skipped without root: mounting needs it\n${call}('a', f);`)), call).toEqual([]);
    }
  });

  it('takes the need of an outside program as a reason', () => {
    expect(checkRunning(file("describe.skipIf(!need('mbpoll', 'mbpoll'))('a', f);"))).toEqual([]);
  });

  it('is kept by every file', () => {
    expect(codeFiles().flatMap(checkRunning)).toEqual([]);
  });
});

describe('the rule of names', () => {
  it.each([
    'sdk/src/utils/a.ts',
    'sdk/src/core/helpers.ts',
    'gateway/src/common/a.ts',
    'sdk/src/core/types.ts',
    'sdk/src/manager/a.ts',
    'sdk/src/core/LineManager.ts',
    'sdk/src/core/two_words.ts',
  ])('refuses %s', (path) => {
    expect(checkName(path)).not.toEqual([]);
  });

  it('lets names that say what they own be', () => {
    for (const path of ['sdk/src/ledger/seal/entry-types.ts', 'test/vitest.config.ts', 'a/b.test.ts', 'README.md']) {
      expect(checkName(path)).toEqual([]);
    }
  });

  it('is kept by every file', () => {
    expect(listPaths().flatMap(checkName)).toEqual([]);
  });
});

describe('the rule of size', () => {
  it(`refuses more than ${MOST_LINES} lines`, () => {
    expect(checkSize(file('a\n'.repeat(MOST_LINES)))).toEqual([]);
    expect(checkSize(file('a\n'.repeat(MOST_LINES + 1)))).not.toEqual([]);
    expect(checkSize({ path: 'a.ts', text: 'a\n'.repeat(999) }, { 'a.ts': 'a table' })).toEqual([]);
  });

  it('is kept by every file', () => {
    expect(codeFiles().flatMap((each) => checkSize(each))).toEqual([]);
  });

  it('and that of types list no exception for a file that is gone', () => {
    const paths = listPaths();
    for (const path of [...Object.keys(TABLES), ...Object.keys(CAST_EXCEPTIONS)]) expect(paths).toContain(path);
  });
});
