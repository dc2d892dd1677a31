import type { Fault, SourceFile } from './work-tree.ts';

/** A page that is longer is not read. */
export const MOST_README_LINES = 150;

/** The lines of the first fenced block of a shell, without prompts and comments. */
export function firstShellBlock(text: string): string[] {
  const block = /^```(?:sh|bash|shell)\s*\n([\s\S]*?)^```/m.exec(text)?.[1] ?? '';
  return block
    .split('\n')
    .map((line) =>
      line
        .replace(/^\$ /, '')
        .replace(/\s+#.*$|^#.*$/, '')
        .trim(),
    )
    .filter((line) => line !== '');
}

/** The command that a newcomer types first to see it work, from the words of the README. */
export function firstRun(text: string): string[] | undefined {
  const commands = firstShellBlock(text).flatMap((line) => line.split(/\s*&&\s*/));
  return commands.find((command) => /^npm start -- --for \S+/.test(command))?.split(/\s+/);
}

/** `other` are the paths that exist. */
export function checkReadme({ path, text }: SourceFile, other: readonly string[]): Fault[] {
  const faults: Fault[] = [];
  const lines = text.trimEnd().split('\n').length;
  if (lines > MOST_README_LINES) faults.push(`${path}:${MOST_README_LINES}: has ${lines} lines`);
  const translation = path.replace(/\.md$/, '.zh-CN.md');
  if (!other.includes(translation)) faults.push(`${path}:1: ${translation} is not beside it`);
  if (firstRun(text) === undefined) faults.push(`${path}:1: its first block of commands has no "npm start -- --for …"`);
  return [...faults, ...deadLinks(path, text, other)];
}

/** Links to files of the project that are not there. */
export function deadLinks(path: string, text: string, other: readonly string[]): Fault[] {
  const folder = path.split('/').slice(0, -1);
  return [...text.replace(/^```[\s\S]*?^```/gm, '').matchAll(/\]\((?!\w+:|#)([^)#\s]+)[^)]*\)/g)].flatMap(
    ([, link = '']) => {
      const parts = link.startsWith('/') ? [] : [...folder];
      for (const part of link.split('/')) {
        if (part === '..') parts.pop();
        else if (part !== '.' && part !== '') parts.push(part);
      }
      const target = parts.join('/');
      const isThere = target === '' || other.some((each) => each === target || each.startsWith(`${target}/`));
      return isThere ? [] : [`${path}:1: links to ${link}, which is not there`];
    },
  );
}
