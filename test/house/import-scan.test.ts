import { describe, expect, it } from 'vitest';
import { computedImports, scanImports } from './import-scan.ts';

const names = (text: string) => scanImports(text).map(({ specifier }) => specifier);

describe('scanImports', () => {
  it('finds every way to name a module', () => {
    const text = [
      "import a, { b } from './a.ts';",
      'import * as c from "./c.ts";',
      "import './d.ts';",
      "export { e } from './e.ts';",
      "export * from './f.ts';",
      "const g = await import('./g.ts');",
      "const h = require('./h.js');",
      "type I = typeof import('./i.ts');",
      'import {\n  type J,\n  j,\n} from\n  "./j.ts";',
      "import type K from './k.ts';",
    ].join('\n');
    expect(names(text)).toEqual(
      ['a.ts', 'c.ts', 'd.ts', 'e.ts', 'f.ts', 'g.ts', 'h.js', 'i.ts', 'j.ts', 'k.ts'].map((name) => `./${name}`),
    );
  });

  it('tells what is erased: a whole import of types, not an import that names types among others', () => {
    const erased = (text: string) => scanImports(text)[0]?.typeOnly;
    expect(erased("import type { A } from './a.ts'")).toBe(true);
    expect(erased("export type { A } from './a.ts'")).toBe(true);
    expect(erased("type A = typeof import('./a.ts')")).toBe(true);
    expect(erased("import { type A } from './a.ts'")).toBe(false);
    expect(erased("import type from './a.ts'")).toBe(false);
    expect(erased("import type, { a } from './a.ts'")).toBe(false);
  });

  it('is not misled by comments, strings and names', () => {
    expect(names("// import './a.ts'\nconst text = \"import './b.ts'\"; x.import('./c.ts'); import.meta.url")).toEqual(
      [],
    );
    expect(names("export const from = 'x';\nexport function f() {}\nconst y = 'z';")).toEqual([]);
  });

  it('names the line', () => {
    expect(scanImports("\n\nimport './a.ts';")[0]?.line).toBe(3);
  });
});

describe('computedImports', () => {
  it('finds modules that are loaded by a computed name', () => {
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the source under test has a template
    expect(computedImports("import('./a.ts');\nimport(name);\nrequire(`./${name}`)")).toEqual([2, 3]);
  });
});
