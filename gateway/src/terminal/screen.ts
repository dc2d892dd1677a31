import { clip } from './columns.ts';

const HIDE_CURSOR = '\x1b[?25l';
const SHOW_CURSOR = '\x1b[?25h';
const HOME = '\x1b[H';
const CLEAR = '\x1b[2J';
const CLEAR_LINE_END = '\x1b[K';
const CLEAR_BELOW = '\x1b[J';

type Terminal = Pick<NodeJS.WriteStream, 'write' | 'rows' | 'columns'>;

/** Redraws a page in place, without flicker, and gives the terminal back as it was. */
export class Screen {
  readonly #out: Terminal;
  #open = false;

  constructor(out: Terminal) {
    this.#out = out;
  }

  /** What a line may take. A serial console says 0: it does not know. */
  get columns(): number {
    return (this.#out.columns || 80) - 1;
  }

  draw(lines: readonly string[]): void {
    if (!this.#open) this.#out.write(HIDE_CURSOR + CLEAR);
    this.#open = true;
    const rows = this.#out.rows || 24;
    const hidden = lines.length - (rows - 1);
    const shown = hidden > 0 ? [...lines.slice(0, rows - 2), `… +${hidden + 1}`] : lines;
    const page = shown.map((line) => clip(line, this.columns) + CLEAR_LINE_END);
    this.#out.write(`${HOME}${page.join('\n')}\n${CLEAR_BELOW}`);
  }

  close(): void {
    if (this.#open) this.#out.write(SHOW_CURSOR);
    this.#open = false;
  }
}
