/**
 * The cryptography that the seal needs. It comes in by constructor, because this room runs in a browser too:
 * `ledger/store` has the one built on node:crypto.
 */
export interface Suite {
  sha256(data: Uint8Array): Uint8Array;
  /** the same, written to `target` at `at`: a batch hashes two times per reading */
  sha256Into(data: Uint8Array, target: Uint8Array, at: number): void;
  /** `length` bytes of the AES-128-CTR key stream from an all-zero counter block; `key` has 16 bytes */
  aes128Ctr(key: Uint8Array, length: number): Uint8Array;
  /** false for a wrong signature, a P-256 signature with high s, or a key of small order; never throws for those */
  verify(key: PublicKey, message: Uint8Array, signature: Uint8Array): boolean;
  /** The same answer from another thread; absent where there is none. Rejects when no answer can be had. */
  verifyBeside?(key: PublicKey, message: Uint8Array, signature: Uint8Array): Promise<boolean>;
}

/** RFC 9864: -19 Ed25519, -9 ESP256 (ECDSA P-256, SHA-256, raw 64-byte r‖s). */
export type Algorithm = -19 | -9;

export interface PublicKey {
  algorithm: Algorithm;
  /** deterministic COSE_Key */
  coseKey: Uint8Array;
  /** SubjectPublicKeyInfo, DER */
  spki: Uint8Array;
  /** SHA-256(SPKI)[0..8) */
  keyId: Uint8Array;
}

export interface Signer {
  publicKey: PublicKey;
  /** 64 bytes */
  sign(message: Uint8Array): Uint8Array;
}
