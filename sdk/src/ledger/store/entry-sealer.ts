import type { Clock, WallState } from '../../core/clock.ts';
import { LimpidError } from '../../core/error.ts';
import { batchCommitment, encodeBatchBody, withoutDerivedValues } from '../seal/body.ts';
import { toHex } from '../seal/bytes.ts';
import { contextPartHash, encodeContextBody } from '../seal/context.ts';
import { entryLeafHash, ledgerIdOf, sealEntry } from '../seal/entry.ts';
import { type Detail, type Entry, EVENT_CODES, type EventName, type Prefix } from '../seal/entry-types.ts';
import { encodeItem, type Item } from '../seal/item.ts';
import type { RightEdge } from '../seal/merkle.ts';
import type { Signer, Suite } from '../seal/suite.ts';
import { type ContextInForce, contextAfter } from './context-in-force.ts';
import type { ContextPart, Draft, LedgerItem } from './contract.ts';

/** What the next entry follows. A value: sealing makes a new one, so a group that was refused leaves no trace. */
export interface Head {
  ledger: Uint8Array;
  coseKey: Uint8Array;
  edge: RightEdge;
  context: ContextInForce | null;
  start: number;
  /** clocks of the entry before, null when they are of another OS boot or there is none */
  clocks: { wallMs: number; monoMs: number; state: WallState } | null;
}

export interface SealedItem {
  item: LedgerItem;
  /** with `back` = 0 */
  after: Head;
}

/** Wall time against monotonic time between two entries: beyond this it is a step and not drift. */
const CLOCK_STEP_MS = 1000;
const NO_HASH = new Uint8Array(32);
const SEED_BYTES = 16;
const KEY_OP_CREATED = 0;

export interface SealerOptions {
  suite: Suite;
  signer: Signer;
  clock: Clock;
  random: (bytes: number) => Uint8Array;
  /** give every batch a seed of salts, so that single readings can be withheld later */
  salted: boolean;
}

/** Makes entries of drafts: prefix, root, body and signature. Touches no file and keeps no state. */
export class EntrySealer {
  readonly #options: SealerOptions;

  constructor(options: SealerOptions) {
    this.#options = options;
  }

  /** Entry 0 of a new ledger: its key, which names it. */
  sealKey(edge: RightEdge): SealedItem {
    const { signer, suite } = this.#options;
    const { coseKey } = signer.publicKey;
    const head: Head = { ledger: new Uint8Array(8), coseKey, edge, context: null, start: 1, clocks: null };
    const { prefix } = this.#prefix(head);
    const entry: Entry = { kind: 'key', prefix, op: KEY_OP_CREATED, coseKey, proof: new Uint8Array(0) };
    const sealed = this.#sealed(head, entry, null);
    return { ...sealed, after: { ...sealed.after, ledger: ledgerIdOf(suite, sealed.item.entryBytes) } };
  }

  /** Signed events for what the clock did since the entry before, none when it ran on. */
  sealClockEvents(head: Head): SealedItem[] {
    const { clock } = this.#options;
    const before = head.clocks;
    if (before === null) return [];
    const [wallMs, monoMs, state] = [clock.wallMs(), clock.monoMs(), clock.wallState()];
    const expectedMs = before.wallMs + (monoMs - before.monoMs);
    const sealed: SealedItem[] = [];
    if (Math.abs(wallMs - expectedMs) > CLOCK_STEP_MS) {
      const detail = { beforeMs: whole(expectedMs), afterMs: whole(wallMs), monoMs: whole(monoMs) };
      sealed.push(this.sealEvent(head, 'clockStep', detail));
    }
    if (state.state !== before.state.state || state.source !== before.state.source) {
      const detail = { before: before.state.state, after: state.state };
      sealed.push(this.sealEvent(sealed.at(-1)?.after ?? head, 'clockState', detail));
    }
    return sealed;
  }

  sealEvent(head: Head, event: EventName, detail: Detail): SealedItem {
    const { prefix, clocks } = this.#prefix(head);
    return this.#sealed({ ...head, clocks }, { kind: 'event', prefix, code: EVENT_CODES[event], detail }, null);
  }

  /** null for a context that is the one in force. */
  seal(head: Head, draft: Draft): SealedItem | null {
    switch (draft.kind) {
      case 'batch':
        return this.#sealBatch(head, draft);
      case 'context':
        return this.#sealContext(head, draft.parts);
      case 'event':
        return this.sealEvent(head, draft.event, draft.detail);
      case 'anchor': {
        const { prefix, clocks } = this.#prefix(head);
        const { type, about, evidence } = draft;
        return this.#sealed({ ...head, clocks }, { kind: 'anchor', prefix, type, about, evidence }, null);
      }
    }
  }

  #sealBatch(head: Head, draft: Extract<Draft, { kind: 'batch' }>): SealedItem {
    const { suite, random, salted } = this.#options;
    if (head.context === null) throw new LimpidError('ENTRY_MALFORMED', { detail: 'a batch before any context' });
    const { prefix, clocks } = this.#prefix(head);
    const { channels } = head.context;
    const compact = withoutDerivedValues(draft.body, channels);
    const body = salted && compact.seed.length === 0 ? { ...compact, seed: random(SEED_BYTES) } : compact;
    const { count, root } = batchCommitment(suite, prefix.seq, body, channels);
    const entry: Entry = { kind: 'batch', prefix, count, readingsRoot: root };
    return this.#sealed({ ...head, clocks }, entry, encodeBatchBody(body));
  }

  #sealContext(head: Head, parts: readonly ContextPart[]): SealedItem | null {
    const { suite } = this.#options;
    const before = new Set((head.context?.parts ?? []).map((part) => toHex(contextPartHash(suite, part))));
    const hashes = parts.map((part) => contextPartHash(suite, part.bytes));
    if (before.size === hashes.length && hashes.every((hash) => before.has(toHex(hash)))) return null;
    const body = encodeContextBody(newOnly(parts, hashes, before));
    const { prefix, clocks } = this.#prefix(head);
    const entry = { kind: 'context' as const, prefix, parts: hashes };
    const { item, after } = this.#sealed({ ...head, clocks }, entry, body);
    const context = contextAfter(suite, head.context, { entry, entryBytes: item.entryBytes, body });
    return { item, after: { ...after, context } };
  }

  #prefix(head: Head): { prefix: Prefix; clocks: NonNullable<Head['clocks']> } {
    const { clock } = this.#options;
    const [wallMs, monoMs, state] = [clock.wallMs(), clock.monoMs(), clock.wallState()];
    const prefix: Prefix = {
      ledger: head.ledger,
      seq: head.edge.size,
      root: head.edge.root(),
      ctx: head.context?.leaf ?? NO_HASH,
      start: head.start,
      hwctr: null,
      wallMs: whole(wallMs),
      monoMs: whole(monoMs),
      clock: { ...state, errorMs: state.errorMs === null ? null : Math.ceil(state.errorMs) },
    };
    return { prefix, clocks: { wallMs, monoMs, state } };
  }

  #sealed(head: Head, entry: Entry, body: Uint8Array | null): SealedItem {
    const { suite, signer } = this.#options;
    const entryBytes = sealEntry(entry, signer);
    const edge = head.edge.clone();
    edge.append(entryLeafHash(suite, entryBytes));
    return { item: { seq: entry.prefix.seq, entryBytes, entry, body }, after: { ...head, edge } };
  }
}

/** Each part once, although several devices may share the same bytes. */
function newOnly(parts: readonly ContextPart[], hashes: readonly Uint8Array[], before: ReadonlySet<string>) {
  const fresh: Uint8Array[] = [];
  const seen = new Set(before);
  parts.forEach((part, at) => {
    const name = toHex(hashes[at]!);
    if (!seen.has(name)) fresh.push(part.bytes);
    seen.add(name);
  });
  return fresh;
}

function whole(ms: number): number {
  return Math.max(0, Math.floor(ms));
}

/** The bytes of several items that share a flush, each naming where the flush began. */
export function joinItems(items: readonly Item[]): { bytes: Uint8Array; starts: number[] } {
  const pieces: Uint8Array[] = [];
  const starts: number[] = [];
  let length = 0;
  for (const item of items) {
    const piece = encodeItem(item, length);
    starts.push(length);
    pieces.push(piece);
    length += piece.length;
  }
  const bytes = new Uint8Array(length);
  pieces.forEach((piece, at) => {
    bytes.set(piece, starts[at]);
  });
  return { bytes, starts };
}
