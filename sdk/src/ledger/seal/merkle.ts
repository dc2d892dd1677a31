/**
 * RFC 6962 §2.1 (RFC 9162 §2.1) Merkle trees over SHA-256: leaf = H(00 ‖ bytes), node = H(01 ‖ left ‖ right), the split
 * at the largest power of two below the size, the empty tree H().
 */
import { equalBytes } from './bytes.ts';
import type { Suite } from './suite.ts';

export const HASH_BYTES = 32;

export type Hash256 = Pick<Suite, 'sha256' | 'sha256Into'>;

export function leafHash(suite: Pick<Suite, 'sha256'>, bytes: Uint8Array): Uint8Array {
  const prefixed = new Uint8Array(bytes.length + 1);
  prefixed.set(bytes, 1);
  return suite.sha256(prefixed);
}

export function nodeHash(suite: Pick<Suite, 'sha256'>, left: Uint8Array, right: Uint8Array): Uint8Array {
  const node = new Uint8Array(1 + 2 * HASH_BYTES);
  node[0] = 1;
  node.set(left, 1);
  node.set(right, 1 + HASH_BYTES);
  return suite.sha256(node);
}

/** The head of the tree over these leaf hashes. */
export function treeHead(suite: Hash256, leaves: readonly Uint8Array[]): Uint8Array {
  return new RightEdge(suite, leaves).root();
}

/**
 * The head of the tree over `count` leaf hashes that lie one after the other in `hashes`, which are written over: level
 * by level, the last one of an odd level going up as it is, which is the same tree.
 */
export function treeHeadOfFlat(suite: Pick<Suite, 'sha256Into'>, hashes: Uint8Array, count: number): Uint8Array {
  const head = new Uint8Array(HASH_BYTES);
  if (count === 0) {
    suite.sha256Into(hashes.subarray(0, 0), head, 0);
    return head;
  }
  const node = new Uint8Array(1 + 2 * HASH_BYTES);
  node[0] = 1;
  for (let width = count; width > 1; width = (width + 1) >>> 1) {
    const pairs = width >>> 1;
    for (let pair = 0; pair < pairs; pair += 1) {
      const from = 2 * HASH_BYTES * pair;
      for (let at = 0; at < 2 * HASH_BYTES; at += 1) node[1 + at] = hashes[from + at]!;
      suite.sha256Into(node, hashes, HASH_BYTES * pair);
    }
    if (width % 2 === 1) hashes.copyWithin(HASH_BYTES * pairs, HASH_BYTES * (width - 1), HASH_BYTES * width);
  }
  head.set(hashes.subarray(0, HASH_BYTES));
  return head;
}

/**
 * The right edge of a growing tree: the heads of its complete subtrees, largest first, as many as `size` has bits set.
 * It is all that a writer must know to append and to name the head.
 */
export class RightEdge {
  readonly #suite: Hash256;
  readonly #hashes: Uint8Array[];
  #size: number;
  /** a verifier asks for the root behind each entry: nothing is allocated on the way */
  readonly #node = new Uint8Array(1 + 2 * HASH_BYTES).fill(1, 0, 1);

  constructor(suite: Hash256, leaves: Iterable<Uint8Array> = []) {
    this.#suite = suite;
    this.#hashes = [];
    this.#size = 0;
    for (const leaf of leaves) this.append(leaf);
  }

  /** From stored hashes, largest subtree first. Throws RangeError when their number does not fit the size. */
  static restore(suite: Hash256, size: number, hashes: readonly Uint8Array[]): RightEdge {
    if (!Number.isSafeInteger(size) || size < 0 || hashes.length !== bitsSet(size)) {
      throw new RangeError(`a tree of ${size} leaves has no right edge of ${hashes.length} hashes`);
    }
    if (hashes.some((hash) => hash.length !== HASH_BYTES)) throw new RangeError('a hash has 32 bytes');
    const edge = new RightEdge(suite);
    edge.#size = size;
    edge.#hashes.push(...hashes);
    return edge;
  }

  get size(): number {
    return this.#size;
  }

  hashes(): readonly Uint8Array[] {
    return [...this.#hashes];
  }

  append(leaf: Uint8Array): void {
    let last = this.#hashes.length;
    for (let rest = this.#size; rest % 2 === 1; rest = Math.floor(rest / 2)) last -= 1;
    this.#hashes.push(this.#fold(leaf, this.#hashes.splice(last)));
    this.#size += 1;
  }

  root(): Uint8Array {
    const last = this.#hashes.at(-1);
    if (last === undefined) return this.#suite.sha256(new Uint8Array(0));
    return this.#fold(last, this.#hashes, this.#hashes.length - 1);
  }

  /** The head over `right` and the subtrees that stand left of it, the nearest last. */
  #fold(right: Uint8Array, lefts: readonly Uint8Array[], count = lefts.length): Uint8Array {
    if (count === 0) return right;
    this.#node.set(right, 1 + HASH_BYTES);
    for (let at = count - 1; at >= 0; at -= 1) {
      this.#node.set(lefts[at]!, 1);
      this.#suite.sha256Into(this.#node, this.#node, 1 + HASH_BYTES);
    }
    return this.#node.slice(1 + HASH_BYTES);
  }

  clone(): RightEdge {
    return RightEdge.restore(this.#suite, this.#size, this.#hashes);
  }
}

function bitsSet(size: number): number {
  let bits = 0;
  for (let rest = size; rest > 0; rest = Math.floor(rest / 2)) bits += rest % 2;
  return bits;
}

/** The largest power of two below `size`, which is at least 2. */
function splitOf(size: number): number {
  let split = 1;
  while (split * 2 < size) split *= 2;
  return split;
}

/** RFC 9162 §2.1.3.1: the hashes that lead from leaf `index` to the head, nearest first. */
export function inclusionProof(suite: Hash256, leaves: readonly Uint8Array[], index: number): Uint8Array[] {
  if (!Number.isInteger(index) || index < 0 || index >= leaves.length) throw new RangeError(`no leaf ${index}`);
  if (leaves.length === 1) return [];
  const split = splitOf(leaves.length);
  const [left, right] = [leaves.slice(0, split), leaves.slice(split)];
  return index < split
    ? [...inclusionProof(suite, left, index), treeHead(suite, right)]
    : [...inclusionProof(suite, right, index - split), treeHead(suite, left)];
}

/** RFC 9162 §2.1.4.1: that the tree over all leaves extends the tree over the first `oldSize` of them. */
export function consistencyProof(suite: Hash256, leaves: readonly Uint8Array[], oldSize: number): Uint8Array[] {
  if (!Number.isInteger(oldSize) || oldSize < 1 || oldSize > leaves.length) throw new RangeError(`no size ${oldSize}`);
  return subProof(suite, leaves, oldSize, true);
}

function subProof(suite: Hash256, leaves: readonly Uint8Array[], oldSize: number, whole: boolean): Uint8Array[] {
  if (oldSize === leaves.length) return whole ? [] : [treeHead(suite, leaves)];
  const split = splitOf(leaves.length);
  const [left, right] = [leaves.slice(0, split), leaves.slice(split)];
  return oldSize <= split
    ? [...subProof(suite, left, oldSize, whole), treeHead(suite, right)]
    : [...subProof(suite, right, oldSize - split, false), treeHead(suite, left)];
}

export interface InclusionClaim {
  index: number;
  size: number;
  leaf: Uint8Array;
  root: Uint8Array;
  proof: readonly Uint8Array[];
}

/** RFC 9162 §2.1.3.2. */
export function verifyInclusion(suite: Hash256, claim: InclusionClaim): boolean {
  let { index: at, size: last } = claim;
  if (!Number.isSafeInteger(at) || !Number.isSafeInteger(last) || at < 0 || at >= last) return false;
  last -= 1;
  let head = claim.leaf;
  for (const hash of claim.proof) {
    if (last === 0 || hash.length !== HASH_BYTES) return false;
    if (at % 2 === 1 || at === last) {
      head = nodeHash(suite, hash, head);
      while (at % 2 === 0 && at !== 0) [at, last] = [half(at), half(last)];
    } else {
      head = nodeHash(suite, head, hash);
    }
    [at, last] = [half(at), half(last)];
  }
  return last === 0 && equalBytes(head, claim.root);
}

export interface ConsistencyClaim {
  oldSize: number;
  oldRoot: Uint8Array;
  newSize: number;
  newRoot: Uint8Array;
  proof: readonly Uint8Array[];
}

/** RFC 9162 §2.1.4.2. */
export function verifyConsistency(suite: Hash256, claim: ConsistencyClaim): boolean {
  const { oldSize, newSize } = claim;
  if (!Number.isSafeInteger(oldSize) || !Number.isSafeInteger(newSize) || oldSize < 1 || oldSize > newSize)
    return false;
  if (claim.proof.some((hash) => hash.length !== HASH_BYTES)) return false;
  if (oldSize === newSize) return claim.proof.length === 0 && equalBytes(claim.oldRoot, claim.newRoot);
  const path = isPowerOfTwo(oldSize) ? [claim.oldRoot, ...claim.proof] : [...claim.proof];
  const first = path.shift();
  if (first === undefined) return false;
  let [at, last] = [oldSize - 1, newSize - 1];
  while (at % 2 === 1) [at, last] = [half(at), half(last)];
  let [oldHead, newHead] = [first, first];
  for (const hash of path) {
    if (last === 0) return false;
    if (at % 2 === 1 || at === last) {
      oldHead = nodeHash(suite, hash, oldHead);
      newHead = nodeHash(suite, hash, newHead);
      while (at % 2 === 0 && at !== 0) [at, last] = [half(at), half(last)];
    } else {
      newHead = nodeHash(suite, newHead, hash);
    }
    [at, last] = [half(at), half(last)];
  }
  return last === 0 && equalBytes(oldHead, claim.oldRoot) && equalBytes(newHead, claim.newRoot);
}

function half(value: number): number {
  return Math.floor(value / 2);
}

function isPowerOfTwo(value: number): boolean {
  return bitsSet(value) === 1;
}
