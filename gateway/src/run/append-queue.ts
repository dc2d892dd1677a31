import { type Clock, isLimpidError, LimpidError, type Service, wait } from '@limpid/sdk/core';
import type { Draft, LedgerItem, LedgerWriter } from '@limpid/sdk/ledger/store';
import { gapDraft, type Loss, lossOf, together } from './loss.ts';

interface Waiting {
  draft: Draft;
  settle: (item: LedgerItem) => void;
  drop: (fault: unknown) => void;
  /** what its draft, a gap event, stands for */
  loss?: Loss;
}

export interface AppendQueueOptions {
  ledger: Pick<LedgerWriter, 'append'>;
  clock: Clock;
  /** the disk is full, or has room again */
  onStorage: (state: { full: boolean; waiting: number }) => void;
  /** the format does not take this draft: what it would have said is lost, a batch is told as a gap */
  onRefused: (fault: LimpidError, draft: Draft) => void;
  /** the ledger cannot be written any more: the process has to end and recover */
  onFatal: (fault: unknown) => void;
  /** drafts kept in memory while the disk is full */
  limit?: number;
}

const RETRY_MS = 2_000;
const DEFAULT_LIMIT = 4_096;

/**
 * Drafts on their way to the ledger, in order. While the disk is full they wait here and nothing is lost; beyond the
 * limit the oldest batch is given up and a gap event takes its place, so that the ledger explains the silence where it is;
 * events never are: they are few and tell what happened.
 */
export class AppendQueue implements Service {
  readonly #options: AppendQueueOptions;
  readonly #limit: number;
  readonly #stop = new AbortController();
  #waiting: Waiting[] = [];
  #writing: Promise<void> | null = null;
  #full = false;
  /** given up when the queue was stopped: told before anything else that is still taken */
  #untold: Loss | null = null;

  constructor(options: AppendQueueOptions) {
    this.#options = options;
    this.#limit = options.limit ?? DEFAULT_LIMIT;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  async start(): Promise<void> {}

  /** Resolves when the draft is durable; rejects with LEDGER_DISK_FULL when it was given up, or with what ended the ledger. */
  append(draft: Draft): Promise<LedgerItem> {
    this.#tellUntold();
    return new Promise((settle, drop) => {
      this.#waiting.push({ draft, settle, drop });
      this.#shed();
      this.#writing ??= this.#write().finally(() => {
        this.#writing = null;
      });
    });
  }

  /** Resolves when nothing waits any more; gives up at once if the disk is full. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#writing;
  }

  async #write(): Promise<void> {
    // Drafts of one tick go to the ledger together and share its flush.
    await Promise.resolve();
    while (this.#waiting.length > 0) {
      const round = this.#waiting;
      this.#waiting = [];
      const kept = await this.#appendRound(round);
      this.#waiting = [...kept, ...this.#waiting];
      this.#tell(kept.length > 0);
      if (kept.length === 0) continue;
      try {
        await wait(this.#options.clock, RETRY_MS, this.#stop.signal);
      } catch (fault) {
        for (const entry of this.#waiting.splice(0)) this.#giveUp(entry, fault);
      }
    }
  }

  /** Gives back what has to be tried again. */
  async #appendRound(round: readonly Waiting[]): Promise<Waiting[]> {
    const outcomes = await Promise.allSettled(round.map(({ draft }) => this.#options.ledger.append(draft)));
    const kept: Waiting[] = [];
    outcomes.forEach((outcome, index) => {
      const entry = round[index];
      if (entry === undefined) return;
      if (outcome.status === 'fulfilled') entry.settle(outcome.value);
      else if (isLimpidError(outcome.reason, 'LEDGER_DISK_FULL')) kept.push(entry);
      else if (concernsDraftAlone(outcome.reason)) {
        this.#options.onRefused(outcome.reason, entry.draft);
        this.#giveUp(entry, outcome.reason);
      } else {
        entry.drop(outcome.reason);
        this.#options.onFatal(outcome.reason);
      }
    });
    return kept;
  }

  #tell(full: boolean): void {
    if (full === this.#full) return;
    this.#full = full;
    this.#options.onStorage({ full, waiting: this.#waiting.length });
  }

  #shed(): void {
    if (this.#waiting.length <= this.#limit) return;
    const oldest = this.#waiting.findIndex(({ draft }) => draft.kind === 'batch');
    const shed = this.#waiting[oldest];
    if (shed === undefined) return;
    const before = this.#waiting[oldest - 1];
    const at = before?.loss === undefined ? oldest : oldest - 1;
    const loss = together(before?.loss ?? null, lossIn(shed));
    this.#waiting.splice(at, oldest - at + 1, ...(loss === null ? [] : [gapOf(loss)]));
    shed.drop(new LimpidError('LEDGER_DISK_FULL', { dir: '', detail: 'given up while the disk stayed full' }));
  }

  #giveUp(entry: Waiting, fault: unknown): void {
    this.#untold = together(this.#untold, lossIn(entry));
    entry.drop(fault);
  }

  #tellUntold(): void {
    const loss = this.#untold;
    this.#untold = null;
    if (loss !== null) this.#waiting.push(gapOf(loss));
  }
}

function concernsDraftAlone(fault: unknown): fault is LimpidError {
  return isLimpidError(fault, 'ENTRY_TOO_LARGE') || isLimpidError(fault, 'ENTRY_MALFORMED');
}

function lossIn({ draft, loss }: Waiting): Loss | null {
  return loss ?? (draft.kind === 'batch' ? lossOf(draft.body) : null);
}

/** Nobody waits for it: what it says is known to the queue alone. */
function gapOf(loss: Loss): Waiting {
  return { draft: gapDraft(loss), loss, settle: () => {}, drop: () => {} };
}
