/**
 * What can be said of one item without its neighbours: form, signature, body. Only the context in force is carried
 * along, and a segment's header repeats it; so segments can be checked side by side, by several threads.
 */
import { faultText, isLimpidError } from '../../core/error.ts';
import { batchCommitment, differingValues, parseBatchBody } from './body.ts';
import { equalBytes } from './bytes.ts';
import { openHeaderContext } from './check-header.ts';
import { type ChannelTable, channelTableOf, resolveContext } from './context.ts';
import { namesKey, type Sign1, verifySign1, verifySign1Beside } from './cose.ts';
import { entryLeafHash, peekEntry } from './entry.ts';
import type { Entry } from './entry-types.ts';
import { figuresCommitment, parseFiguresBody } from './figure.ts';
import type { Item } from './item.ts';
import { publicKeyOrNull } from './keys.ts';
import { HASH_BYTES } from './merkle.ts';
import { type PollSpan, pollSpans } from './poll-span.ts';
import type { FindingCode, Place } from './report.ts';
import type { SegmentHeader } from './segment.ts';
import type { PublicKey, Suite } from './suite.ts';

/** The result for one item: plain data, so that a worker thread can hand it over. */
export interface CheckedItem {
  place: Place;
  /** null when the bytes are no entry */
  entry: Entry | null;
  leaf: Uint8Array;
  /** SHA-256 of the signed payload: two of them for one sequence are a fork */
  payloadHash: Uint8Array;
  /** SHA-256(entry)[0..8) where the entry is the first of a ledger */
  ledgerId: Uint8Array | null;
  /** deferred: it names the key, and what comes later commits to it */
  signature: 'good' | 'wrong' | 'unchecked' | 'deferred';
  readings: number;
  polls: PollSpan[];
  faults: { code: FindingCode; text: string }[];
}

/** An item whose signature is still looked at. */
export interface PendingItem {
  entry: Entry | null;
  /** a fault where no answer could be had: neither good nor wrong. Never rejects, so it may be left waiting. */
  answered: Promise<{ checked: CheckedItem } | { fault: unknown }>;
}

interface Begun {
  checked: CheckedItem;
  /** null without a key */
  asked: { sign1: Sign1; key: PublicKey } | null;
  /** where a fault of the signature stands among the others */
  at: number;
}

const NO_CONTEXT: Uint8Array = new Uint8Array(HASH_BYTES);

interface InForce {
  /** leaf hash of the context entry */
  hash: Uint8Array;
  /** null where a part is not known */
  parts: (Uint8Array | null)[];
  /** null when not all parts are */
  channels: ChannelTable | null;
}

export class ItemChecker {
  readonly #suite: Suite;
  #key: PublicKey | null;
  #context: InForce = { hash: NO_CONTEXT, parts: [], channels: new Map() };
  /** what was in force before the newest header: an unsigned header must not make known readings unreadable */
  #held: InForce | null = null;

  /** Without an outside key the signatures are checked with the key that the ledger itself names. */
  constructor(suite: Suite, key: PublicKey | null) {
    this.#suite = suite;
    this.#key = key;
  }

  get key(): PublicKey | null {
    return this.#key;
  }

  /** Takes key and context from a header; the context proves itself by its hash when an entry names it. */
  startSegment(header: SegmentHeader): void {
    this.#key ??= publicKeyOrNull(this.#suite, header.coseKey);
    const context = openHeaderContext(this.#suite, header);
    const isKnown = this.#context.channels !== null && equalBytes(context?.hash ?? NO_CONTEXT, this.#context.hash);
    if (context === null || isKnown) return;
    this.#held = this.#context;
    this.#context = context;
  }

  check(item: Item, place: Place = {}): CheckedItem {
    const begun = this.#begin(item, place);
    const { asked } = begun;
    return asked === null ? begun.checked : answer(begun, verifySign1(this.#suite, asked.sign1, asked.key));
  }

  /**
   * As `check`, with the signature looked at beside. All else is done when this returns, so the next item may come;
   * only `answered` must be waited for before the result is used.
   */
  checkBeside(item: Item, place: Place = {}): PendingItem {
    const begun = this.#begin(item, place);
    const { checked, asked } = begun;
    const good = asked === null ? null : verifySign1Beside(this.#suite, asked.sign1, asked.key);
    return { entry: checked.entry, answered: settled(begun, good) };
  }

  /**
   * What order and completeness need: form, the key that it names, whether a body is there. Neither the signature nor
   * the body is checked; `readings` is what the entry says.
   */
  checkOrder(item: Item, place: Place = {}): CheckedItem {
    const checked = this.#unchecked(item, place);
    try {
      const { entry, sign1 } = peekEntry(item.entryBytes);
      this.#open(checked, item, entry);
      if (this.#key !== null) checked.signature = 'deferred';
      if (this.#key !== null && !namesKey(sign1, this.#key)) checked.faults.push(wrongSignature(sign1, this.#key));
      checkPresence(checked, entry, item.body);
    } catch (fault) {
      if (!isLimpidError(fault)) throw fault;
      checked.faults.push({ code: 'entry-malformed', text: fault.message });
    }
    return checked;
  }

  #unchecked({ entryBytes }: Item, place: Place): CheckedItem {
    return {
      place,
      entry: null,
      leaf: entryLeafHash(this.#suite, entryBytes),
      payloadHash: NO_CONTEXT,
      ledgerId: null,
      signature: 'unchecked',
      readings: 0,
      polls: [],
      faults: [],
    };
  }

  #begin(item: Item, place: Place): Begun {
    const begun: Begun = { checked: this.#unchecked(item, place), asked: null, at: 0 };
    const { checked } = begun;
    try {
      const { entry, sign1 } = peekEntry(item.entryBytes);
      this.#open(checked, item, entry);
      checked.payloadHash = this.#suite.sha256(sign1.payload);
      if (this.#key !== null) begun.asked = { sign1, key: this.#key };
      begun.at = checked.faults.length;
      this.#recall(entry.prefix.ctx);
      this.#checkBody(checked, entry, item.body);
    } catch (fault) {
      if (!isLimpidError(fault)) throw fault;
      checked.faults.push({ code: 'entry-malformed', text: fault.message });
    }
    return begun;
  }

  #open(checked: CheckedItem, { entryBytes }: Item, entry: Entry): void {
    checked.entry = entry;
    if (entry.prefix.seq !== 0) return;
    checked.ledgerId = this.#suite.sha256(entryBytes).slice(0, 8);
    if (entry.kind === 'key') this.#checkKeyEvent(checked, entry);
  }

  #recall(ctx: Uint8Array): void {
    const held = this.#held;
    if (held === null || equalBytes(ctx, this.#context.hash) || !equalBytes(ctx, held.hash)) return;
    [this.#held, this.#context] = [null, held];
  }

  #checkKeyEvent(checked: CheckedItem, { op, coseKey, proof }: Entry & { kind: 'key' }): void {
    const named = publicKeyOrNull(this.#suite, coseKey);
    if (op !== 0 || proof.length !== 0) {
      checked.faults.push({ code: 'entry-malformed', text: 'entry 0 does not create a ledger' });
    }
    if (named === null) checked.faults.push({ code: 'entry-malformed', text: 'the key of entry 0 is not usable' });
    this.#key ??= named;
    if (named !== null && this.#key !== null && !equalBytes(named.coseKey, this.#key.coseKey)) {
      checked.faults.push({ code: 'other-key', text: 'entry 0 names another key than the one given' });
    }
  }

  #checkBody(checked: CheckedItem, entry: Entry, body: Uint8Array | null): void {
    switch (entry.kind) {
      case 'batch':
        this.#checkReadings(checked, entry, body);
        return;
      case 'figures':
        this.#checkFigures(checked, entry, body);
        return;
      case 'context':
        this.#checkContext(checked, entry.parts, body);
        return;
      case 'key':
      case 'event':
      case 'anchor':
        if (body !== null) checked.faults.push({ code: 'readings-wrong', text: `a ${entry.kind} entry with a body` });
    }
  }

  #checkReadings(checked: CheckedItem, entry: Entry & { kind: 'batch' }, bytes: Uint8Array | null): void {
    const { faults } = checked;
    if (bytes === null) {
      faults.push({ code: 'body-missing', text: `the ${entry.count} readings are missing` });
      return;
    }
    const { channels, hash } = this.#context;
    if (channels === null || !equalBytes(entry.prefix.ctx, hash)) {
      faults.push({ code: 'context-missing', text: 'its context is not there, so its readings cannot be checked' });
      return;
    }
    try {
      const body = parseBatchBody(bytes);
      const { count, root } = batchCommitment(this.#suite, entry.prefix.seq, body, channels);
      if (count !== entry.count || !equalBytes(root, entry.readingsRoot)) {
        faults.push({ code: 'readings-wrong', text: 'the readings are not those that were signed' });
        return;
      }
      checked.readings = count;
      checked.polls = pollSpans(entry, body, channels);
      for (const [leaf, channel, signed, scaled] of differingValues(body, channels)) {
        const text = `reading ${leaf}, channel ${channel}: value ${signed} where the raw words give ${scaled}`;
        faults.push({ code: 'value-differs', text });
      }
    } catch (fault) {
      if (!isLimpidError(fault)) throw fault;
      faults.push({ code: 'readings-wrong', text: `the body is not what was signed: ${fault.message}` });
    }
  }

  #checkFigures(checked: CheckedItem, entry: Entry & { kind: 'figures' }, bytes: Uint8Array | null): void {
    if (bytes === null) {
      checked.faults.push({ code: 'body-missing', text: `the ${entry.count} figures are missing` });
      return;
    }
    try {
      const { count, root } = figuresCommitment(this.#suite, entry.prefix.seq, parseFiguresBody(bytes));
      if (count === entry.count && equalBytes(root, entry.figuresRoot)) return;
      checked.faults.push({ code: 'readings-wrong', text: 'the figures are not those that were signed' });
    } catch (fault) {
      if (!isLimpidError(fault)) throw fault;
      checked.faults.push({ code: 'readings-wrong', text: `the body is not what was signed: ${fault.message}` });
    }
  }

  #checkContext(checked: CheckedItem, hashes: readonly Uint8Array[], body: Uint8Array | null): void {
    const before = this.#context.parts.filter((part) => part !== null);
    this.#held = null;
    this.#context = { hash: checked.leaf, parts: [null], channels: null };
    try {
      const parts = resolveContext(this.#suite, hashes, body, before);
      const known = parts.filter((part) => part !== null);
      this.#context.parts = parts;
      if (known.length === parts.length) this.#context.channels = channelTableOf(known);
      else checked.faults.push({ code: 'context-missing', text: 'parts of the context are missing' });
    } catch (fault) {
      const text = `the body is not what was signed: ${faultText(fault)}`;
      checked.faults.push({ code: 'readings-wrong', text });
    }
  }
}

function answer({ checked, asked, at }: Begun, good: boolean): CheckedItem {
  checked.signature = good ? 'good' : 'wrong';
  if (!good && asked !== null) checked.faults.splice(at, 0, wrongSignature(asked.sign1, asked.key));
  return checked;
}

async function settled(begun: Begun, good: Promise<boolean> | null): PendingItem['answered'] {
  try {
    return { checked: good === null ? begun.checked : answer(begun, await good) };
  } catch (fault) {
    return { fault };
  }
}

export function wrongSignature(sign1: Sign1, key: PublicKey): { code: FindingCode; text: string } {
  return equalBytes(sign1.keyId, key.keyId)
    ? { code: 'signature-wrong', text: 'the signature does not fit the entry' }
    : { code: 'other-key', text: 'signed with another key' };
}

function checkPresence(checked: CheckedItem, entry: Entry, body: Uint8Array | null): void {
  if (entry.kind === 'batch' || entry.kind === 'figures') {
    const what = entry.kind === 'batch' ? 'readings' : 'figures';
    if (body === null) checked.faults.push({ code: 'body-missing', text: `the ${entry.count} ${what} are missing` });
    else if (entry.kind === 'batch') checked.readings = entry.count;
  } else if (entry.kind !== 'context' && body !== null) {
    checked.faults.push({ code: 'readings-wrong', text: `a ${entry.kind} entry with a body` });
  }
}
