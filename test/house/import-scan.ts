import { maskCode } from './code-mask.ts';
import { lineOf } from './work-tree.ts';

export interface Import {
  specifier: string;
  line: number;
  /** `import type`: erased when compiled. `import { type A }` is not, under verbatimModuleSyntax the file is loaded. */
  typeOnly: boolean;
}

const STATIC = /(?<![.\w$])(?:import|export)\b\s*(?<type>type\b(?!\s*(?:,|from\b)))?[^'"`;()=]*?(?<![\w$])from\s*['"]/g;
const BARE = /(?<![.\w$])import\s*['"]/g;
const DYNAMIC = /(?<![.\w$])(?<type>typeof\s+)?(?:import|require)\s*\(\s*(?<quote>['"`])?/g;

/** Every module that a file names: static, side effect, re-export, dynamic, `require` and `typeof import`. */
export function scanImports(text: string): Import[] {
  const masked = maskCode(text);
  const found: (Import & { offset: number })[] = [];
  const add = (match: RegExpExecArray, quoteAt: number, typeOnly: boolean) => {
    const quote = text[quoteAt]!;
    const specifier = text.slice(quoteAt + 1, text.indexOf(quote, quoteAt + 1));
    found.push({ specifier, line: lineOf(text, match.index), typeOnly, offset: match.index });
  };
  for (const match of masked.matchAll(STATIC)) {
    add(match, match.index + match[0].length - 1, match.groups?.type !== undefined);
  }
  for (const match of masked.matchAll(BARE)) add(match, match.index + match[0].length - 1, false);
  for (const match of masked.matchAll(DYNAMIC)) {
    if (match.groups?.quote === undefined) continue; // a computed name; the rule of the layers refuses it
    add(match, match.index + match[0].length - 1, match.groups?.type !== undefined);
  }
  return found
    .sort((a, b) => a.offset - b.offset)
    .map(({ specifier, line, typeOnly }) => ({ specifier, line, typeOnly }));
}

/** Lines on which a module is loaded by a name that is computed, so that no scan can tell which. */
export function computedImports(text: string): number[] {
  const masked = maskCode(text);
  return [...masked.matchAll(DYNAMIC)]
    .filter((match) => match.groups?.quote === undefined || match.groups.quote === '`')
    .map((match) => lineOf(text, match.index));
}
