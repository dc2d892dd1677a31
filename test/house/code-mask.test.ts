import { describe, expect, it } from 'vitest';
import { maskCode } from './code-mask.ts';
import { codeFiles } from './work-tree.ts';

describe('maskCode', () => {
  it('keeps code and blanks comments, strings and regular expressions', () => {
    expect(maskCode("a(); // b()\nc('d()') /* e() */ + f")).toBe(
      `a(); ${' '.repeat(6)}\nc('${' '.repeat(3)}') ${' '.repeat(9)} + f`,
    );
    expect(maskCode('x = /"[/]\\/"/g; y("z")')).not.toContain('z');
    expect(maskCode('x = /"/; y(1)')).toContain('y(1)');
    expect(maskCode('a / b; c("d") / e')).toBe('a / b; c(" ") / e');
    expect(maskCode("'it\\'s'; b")).toBe("'     '; b");
    expect(maskCode('if (a) { /x"y/.test(b) }; c')).toContain('c');
  });

  it('keeps the code inside a template and blanks its text', () => {
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the source under test has a template
    const masked = maskCode('`one ${two({ a: 1 })} three ${`four ${five}`} six`; seven');
    for (const word of ['two', 'five', 'seven']) expect(masked).toContain(word);
    for (const word of ['one', 'three', 'four', 'six']) expect(masked).not.toContain(word);
  });

  it('keeps every offset and every line', () => {
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the source under test has a template
    const source = '/* a\nb */ `c\n${d}\n` // e\n"f"';
    const masked = maskCode(source);
    expect(masked).toHaveLength(source.length);
    expect(masked.split('\n').map((line) => line.length)).toEqual(source.split('\n').map((line) => line.length));
  });

  it('understands every file of the tree: what is left of it has as many opening as closing brackets', () => {
    const count = (text: string, char: string) => text.split(char).length - 1;
    for (const { path, text } of codeFiles()) {
      const masked = maskCode(text);
      for (const [open, close] of ['{}', '()', '[]'] as const) {
        expect(count(masked, open!), `${path} ${open}`).toBe(count(masked, close!));
      }
      for (const quote of ["'", '"', '`']) expect(count(masked, quote) % 2, `${path} ${quote}`).toBe(0);
    }
  });
});
