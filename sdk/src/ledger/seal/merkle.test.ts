import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { suite } from '../../../../test/support/item-writer.ts';
import {
  consistencyProof,
  inclusionProof,
  leafHash,
  nodeHash,
  RightEdge,
  treeHead,
  treeHeadOfFlat,
  verifyConsistency,
  verifyInclusion,
} from './merkle.ts';

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
const bytes = (text: string) => Uint8Array.from(Buffer.from(text, 'hex'));

/** The inputs and roots of the reference implementation of RFC 6962 (certificate-transparency, merkle tests). */
const INPUTS = ['', '00', '10', '2021', '3031', '40414243', '5051525354555657', '606162636465666768696a6b6c6d6e6f'];
const ROOTS = [
  '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
  'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
  'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
  'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
  '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
  'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
  '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
];
const LEAVES = INPUTS.map((input) => leafHash(suite, bytes(input)));

/** RFC 6962 §2.1, as it is written there. */
function byDefinition(leaves: Uint8Array[]): Uint8Array {
  if (leaves.length === 0) return suite.sha256(new Uint8Array(0));
  if (leaves.length === 1) return leaves[0]!;
  let split = 1;
  while (split * 2 < leaves.length) split *= 2;
  return nodeHash(suite, byDefinition(leaves.slice(0, split)), byDefinition(leaves.slice(split)));
}

const trees = fc.array(fc.uint8Array({ maxLength: 4 }), { minLength: 1, maxLength: 70 });

describe('Merkle tree of RFC 6962', () => {
  it('has the roots of the reference implementation', () => {
    expect(hex(treeHead(suite, []))).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
    ROOTS.forEach((root, at) => {
      expect(hex(treeHead(suite, LEAVES.slice(0, at + 1)))).toBe(root);
    });
  });

  it('has the inclusion proofs of the reference implementation', () => {
    expect(inclusionProof(suite, LEAVES.slice(0, 5), 4).map(hex)).toEqual([ROOTS[3]]);
    expect(inclusionProof(suite, LEAVES, 0).map(hex)).toEqual([
      '96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7',
      '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e',
      '6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4',
    ]);
  });

  it('grows by its right edge, also when that was stored, and flat', () => {
    fc.assert(
      fc.property(trees, fc.nat(70), (inputs, cut) => {
        const leaves = inputs.map((input) => leafHash(suite, input));
        const edge = new RightEdge(suite, leaves.slice(0, cut));
        const stored = RightEdge.restore(suite, edge.size, edge.hashes());
        for (const leaf of leaves.slice(cut)) stored.append(leaf);
        expect(stored.root()).toEqual(byDefinition(leaves));
        const flat = Uint8Array.from(leaves.flatMap((leaf) => [...leaf]));
        expect(treeHeadOfFlat(suite, flat, leaves.length)).toEqual(byDefinition(leaves));
      }),
    );
  });

  it('refuses an edge that does not fit the size', () => {
    expect(() => RightEdge.restore(suite, 3, LEAVES.slice(0, 1))).toThrow(RangeError);
    expect(() => RightEdge.restore(suite, 1, [new Uint8Array(31)])).toThrow(RangeError);
  });

  it('does not change an edge through its clone', () => {
    const edge = new RightEdge(suite, LEAVES.slice(0, 5));
    const root = edge.root();
    edge.clone().append(LEAVES[5]!);
    expect(edge.root()).toEqual(root);
  });

  it('proves every leaf, and no other leaf, place or root', () => {
    fc.assert(
      fc.property(trees, fc.nat(), fc.nat(), (inputs, where, other) => {
        const leaves = inputs.map((input, at) => leafHash(suite, Uint8Array.of(at, ...input)));
        const index = where % leaves.length;
        const proof = inclusionProof(suite, leaves, index);
        const claim = { index, size: leaves.length, leaf: leaves[index]!, root: treeHead(suite, leaves), proof };
        expect(verifyInclusion(suite, claim)).toBe(true);
        const elsewhere = other % leaves.length;
        if (elsewhere !== index) {
          expect(verifyInclusion(suite, { ...claim, index: elsewhere })).toBe(false);
          expect(verifyInclusion(suite, { ...claim, leaf: leaves[elsewhere]! })).toBe(false);
        }
        expect(verifyInclusion(suite, { ...claim, index: leaves.length })).toBe(false);
        expect(verifyInclusion(suite, { ...claim, proof: [...proof, claim.leaf] })).toBe(false);
        expect(verifyInclusion(suite, { ...claim, proof: proof.slice(1) })).toBe(proof.length === 0);
        expect(verifyInclusion(suite, { ...claim, root: leafHash(suite, claim.root) })).toBe(false);
      }),
    );
  });

  it('proves that a tree extends each of its beginnings, and nothing else', () => {
    fc.assert(
      fc.property(trees, fc.nat(), (inputs, where) => {
        const leaves = inputs.map((input, at) => leafHash(suite, Uint8Array.of(at, ...input)));
        const oldSize = 1 + (where % leaves.length);
        const claim = {
          oldSize,
          oldRoot: treeHead(suite, leaves.slice(0, oldSize)),
          newSize: leaves.length,
          newRoot: treeHead(suite, leaves),
          proof: consistencyProof(suite, leaves, oldSize),
        };
        expect(verifyConsistency(suite, claim)).toBe(true);
        expect(verifyConsistency(suite, { ...claim, oldRoot: leafHash(suite, claim.oldRoot) })).toBe(false);
        expect(verifyConsistency(suite, { ...claim, newRoot: leafHash(suite, claim.newRoot) })).toBe(false);
        expect(verifyConsistency(suite, { ...claim, proof: [...claim.proof, claim.oldRoot] })).toBe(false);
        if (oldSize < leaves.length) {
          expect(verifyConsistency(suite, { ...claim, proof: claim.proof.slice(1) })).toBe(false);
          expect(verifyConsistency(suite, { ...claim, newSize: oldSize })).toBe(false);
        }
      }),
    );
  });
});
