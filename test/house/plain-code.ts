import { maskCode } from './code-mask.ts';
import { type Fault, findAll, lineOf, type SourceFile } from './work-tree.ts';

/** Files that may keep one of these, and why. */
export const CAST_EXCEPTIONS: Record<string, string> = {};

const UNTYPED: readonly [RegExp, string][] = [
  [/(?<![.\w$])as\s+any(?![\w$])/g, 'as any'],
  [/(?<![.\w$])as\s+unknown\s+as(?![\w$])/g, 'as unknown as'],
  [/(?:[:|&=]|\bextends)\s*any(?![\w$])(?=\s*(?:[;,)=\]}{>|&]|\[\]|$))/gm, 'any'],
  [/<\s*any\s*[,>]|,\s*any\s*>/g, 'any as a type argument'],
  [/(?<![.\w$])export\s*\*/g, 'export *'],
];

// written so that this file does not break its own rules
const UNFINISHED = new RegExp(`\\b(?:${['TO' + 'DO', 'FIX' + 'ME', 'HA' + 'CK'].join('|')})\\b`, 'g');
const SILENCED = new RegExp(`@ts-(?:ignore|nocheck|${'expect'}-error)`, 'g');
const SKIPPED = /(?<![.\w$])(?:it|test|describe)(?:\.\w+)*\.(only|skip|todo|skipIf|runIf|fails)(?![\w$])/g;

/** Code that gives up on types, or re-exports what it does not name. */
export function checkTyped({ path, text }: SourceFile, exceptions: Record<string, string> = CAST_EXCEPTIONS): Fault[] {
  if (path in exceptions) return [];
  const masked = maskCode(text);
  return [
    ...UNTYPED.flatMap(([pattern, name]) => findAll(path, masked, pattern, () => `${name} is not used here`)),
    ...findAll(path, text, SILENCED, ([name]) => `${name} hides a fault`),
  ];
}

/** Words of unfinished work, in code and in text. */
export function checkFinished({ path, text }: SourceFile): Fault[] {
  return findAll(path, text, UNFINISHED, ([word]) => `${word}: do it, or write an issue`);
}

/**
 * Tests that do not run. `only` never stays. The others say why: by `skipIf(!need(…))`, which tells and fails in CI, or
 * in a comment on their line or the one above that begins with "skipped" (`// skipped without root: mounting needs it`).
 */
export function checkRunning({ path, text }: SourceFile): Fault[] {
  const lines = text.split('\n');
  const masked = maskCode(text);
  return [...masked.matchAll(SKIPPED)].flatMap((match) => {
    const line = lineOf(text, match.index);
    if (match[1] === 'only') return [`${path}:${line}: ${match[0]} leaves the other tests out`];
    const isNeed = /^\s*\(\s*!need\s*\(/.test(masked.slice(match.index + match[0].length));
    const saysWhy = /\/\/ skipped \S+/.test(`${lines[line - 2] ?? ''}\n${lines[line - 1] ?? ''}`);
    return isNeed || saysWhy ? [] : [`${path}:${line}: ${match[0]} without a reason (// skipped …)`];
  });
}

/** Where a name of a folder or file says nothing about what it owns, or is not in kebab-case. */
export function checkName(path: string): Fault[] {
  const faults: Fault[] = [];
  const empty = /^(?:utils?|helpers?|commons?|types|managers?|misc|shared|lib)$/;
  const parts = path.split('/');
  for (const part of parts)
    if (empty.test(part.replace(/\..*$/, ''))) faults.push(`${path}:1: ${part} says nothing about what it owns`);
  const file = parts.at(-1)!;
  if (/\.ts$/.test(file) && !/^[a-z0-9]+(?:-[a-z0-9]+)*(?:\.(?:test|bench|d|config))?\.ts$/.test(file)) {
    faults.push(`${path}:1: ${file} is not in kebab-case`);
  }
  return faults;
}

/** Aim at 300 lines; above this a file owns more than one thing. */
export const MOST_LINES = 400;

/** Tables that are long because the world is. */
export const TABLES: Record<string, string> = {
  'sdk/src/core/codes.ts': 'the table of codes, one row each',
};

export function checkSize({ path, text }: SourceFile, tables: Record<string, string> = TABLES): Fault[] {
  const lines = lineOf(text, text.length) - (text.endsWith('\n') ? 1 : 0);
  return lines > MOST_LINES && !(path in tables) ? [`${path}:${MOST_LINES}: has ${lines} lines`] : [];
}
