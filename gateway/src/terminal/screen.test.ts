import { expect, it } from 'vitest';
import { Screen } from './screen.ts';

function terminal(size: { rows: number; columns: number }) {
  const written: string[] = [];
  const out = { ...size, write: (text: string | Uint8Array) => written.push(String(text)) > 0 };
  return { screen: new Screen(out), written };
}

it('draws on a terminal that does not say how large it is', () => {
  const { screen, written } = terminal({ rows: 0, columns: 0 });
  screen.draw(['first', 'second']);
  expect(written.join('')).toMatch(/first.*\n.*second/);
});

it('draws no more than there is room for', () => {
  const { screen, written } = terminal({ rows: 3, columns: 6 });
  screen.draw(['abcdefgh', 'second', 'third']);
  expect(written.join('')).toContain('abcde\x1b');
  expect(written.join('')).not.toContain('third');
});
