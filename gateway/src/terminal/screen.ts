import { clip } from './columns.ts';

const HIDE_CURSOR = '\x1b[?25l';
const SHOW_CURSOR = '\x1b[?25h';
const HOME = '\x1b[H';
const CLEAR = '\x1b[2J';
const CLEAR_LINE_END = '\x1b[K';
const CLEAR_BELOW = '\x1b[J';

/** Redraws a page in place, without flicker, and gives the terminal back as it was. */
export class Screen {
  readonly #out: NodeJS.WriteStream;
  #open = false;

  constructor(out: NodeJS.WriteStream) {
    this.#out = out;
  }

  draw(lines: readonly string[]): void {
    if (!this.#open) this.#out.write(HIDE_CURSOR + CLEAR);
    this.#open = true;
    const rows = this.#out.rows ?? 24;
    const columns = this.#out.columns ?? 80;
    const page = lines.slice(0, rows - 1).map((line) => clip(line, columns - 1) + CLEAR_LINE_END);
    this.#out.write(`${HOME}${page.join('\n')}\n${CLEAR_BELOW}`);
  }

  close(): void {
    if (this.#open) this.#out.write(SHOW_CURSOR);
    this.#open = false;
  }
}
