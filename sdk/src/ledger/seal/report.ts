/** What a verification says. Each finding belongs to one verdict; the worst decides, malformed before all others. */

/** In the order of precedence. */
export const VERDICTS = {
  malformed: 4,
  manipulated: 1,
  incomplete: 2,
  unauthenticated: 3,
  findings: 5,
  verified: 0,
} as const;
export type Verdict = keyof typeof VERDICTS;

export const FINDINGS = {
  'entry-malformed': 'malformed',
  'segment-malformed': 'malformed',
  'signature-wrong': 'manipulated',
  'other-key': 'manipulated',
  'other-ledger': 'manipulated',
  'root-wrong': 'manipulated',
  'context-wrong': 'manipulated',
  'readings-wrong': 'manipulated',
  'sequence-back': 'manipulated',
  fork: 'manipulated',
  'receipt-wrong': 'manipulated',
  damaged: 'incomplete',
  'sequence-hole': 'incomplete',
  'front-missing': 'incomplete',
  'body-missing': 'incomplete',
  'context-missing': 'incomplete',
  'receipt-ahead': 'incomplete',
  empty: 'incomplete',
  'value-differs': 'findings',
  'start-without-boot': 'findings',
  silence: 'findings',
  'clock-step': 'findings',
  'clock-drift': 'findings',
  'clock-back': 'findings',
  'hardware-counter': 'findings',
  'foreign-file': 'findings',
} as const satisfies Record<string, Verdict>;
export type FindingCode = keyof typeof FINDINGS;

/** Where the bytes lie. */
export interface Place {
  file?: string;
  offset?: number;
}

export interface Finding extends Place {
  code: FindingCode;
  seq: number | null;
  text: string;
}

/**
 * How far a verification went. `order`: sequence, tree, context chain, starts and clocks of all entries, the signature
 * of the newest, which covers all before it, and that bodies are there. Bodies are not opened: readings are not held
 * against what was signed nor values against their raw words, and silence is not looked for.
 */
export type Depth = 'everything' | 'order';

export interface Report {
  verdict: Verdict;
  exitCode: number;
  checked: Depth;
  findings: Finding[];
  /** findings beyond those listed */
  furtherFindings: number;
  /** 16 hex digits, '' when nothing could be read */
  ledger: string;
  /** first sequence seen, and the sequence after the last */
  firstSeq: number;
  size: number;
  /** tree head over `size` entries as recomputed, in hex; null when a hole hides it */
  root: string | null;
  entries: number;
  /** where only the order was checked: as many as the entries say */
  readings: number;
  /** id of the key that signatures were checked with, in hex; '' when there was none */
  keyId: string;
  /** wall time of the first and the last entry */
  fromWallMs: number | null;
  toWallMs: number | null;
  /** bytes of an unfinished write at the end: not yet part of the ledger */
  tornBytes: number;
}

const MOST_LISTED = 1000;

export class Findings {
  readonly listed: Finding[] = [];
  #further = 0;
  readonly #verdicts = new Set<Verdict>();

  add(finding: Finding): void {
    this.#verdicts.add(FINDINGS[finding.code]);
    if (this.listed.length < MOST_LISTED) this.listed.push(finding);
    else this.#further += 1;
  }

  get further(): number {
    return this.#further;
  }

  verdict(authenticated: boolean): Verdict {
    if (!authenticated) this.#verdicts.add('unauthenticated');
    const order: Verdict[] = ['malformed', 'manipulated', 'incomplete', 'unauthenticated', 'findings'];
    return order.find((verdict) => this.#verdicts.has(verdict)) ?? 'verified';
  }
}
