export {
  batchCommitment,
  differingValues,
  encodeBatchBody,
  encodeReadingLeaf,
  parseBatchBody,
  READINGS_LIMIT,
  readingCount,
  readingsOf,
  withoutDerivedValues,
} from './body.ts';
export { concatBytes, equalBytes, fromHex, toHex } from './bytes.ts';
export {
  CBOR_LIMITS,
  type CborLimits,
  type CborMap,
  type CborValue,
  decodeCbor,
  decodeCborItem,
  encodeCbor,
} from './cbor.ts';
export { type CheckedItem, ItemChecker, type PendingItem } from './check-item.ts';
export { collectBatch, type ReadingGroup } from './collect-batch.ts';
export {
  type ChannelTable,
  type ContextContent,
  type ContextPart,
  channelTableOf,
  contextPartHash,
  encodeContextBody,
  encodeContextPart,
  type Firmware,
  parseContextBody,
  parseContextPart,
  resolveContext,
} from './context.ts';
export { ENTRY_TYPE, encodeSign1, parseSign1, type Sign1, verifySign1 } from './cose.ts';
export { crc32 } from './crc32.ts';
export {
  CONTEXT_LIMIT_BYTES,
  detailMember,
  ENTRY_LIMIT_BYTES,
  entryLeafHash,
  FORMAT_VERSION,
  LEDGER_ID_BYTES,
  ledgerIdOf,
  type OpenedEntry,
  openEntry,
  peekEntry,
  sealEntry,
} from './entry.ts';
export {
  ANCHOR_TYPES,
  type BatchBlock,
  type BatchBody,
  type BatchColumn,
  type Detail,
  ENTRY_KINDS,
  type Entry,
  type EntryKind,
  EVENT_CODES,
  type EventName,
  type Prefix,
} from './entry-types.ts';
export {
  encodeFigureLeaf,
  encodeFiguresBody,
  type Figure,
  type FiguresBody,
  figuresCommitment,
  PERIODS,
  type Period,
  parseFiguresBody,
  STATISTICS,
} from './figure.ts';
export {
  BODY_LIMIT_BYTES,
  END_OF_ITEMS,
  encodeItem,
  type FramedItem,
  frameItem,
  type Item,
  parseItem,
  parseWholeItem,
} from './item.ts';
export { ED25519, ESP256, isSmallOrder, publicKeyFromCoseKey, publicKeyFromSpki } from './keys.ts';
export {
  type ConsistencyClaim,
  consistencyProof,
  HASH_BYTES,
  type InclusionClaim,
  inclusionProof,
  leafHash,
  nodeHash,
  RightEdge,
  treeHead,
  verifyConsistency,
  verifyInclusion,
} from './merkle.ts';
export {
  type Checkpoint,
  ledgerOrigin,
  noteKeyText,
  type OpenedReceipt,
  openCheckpoint,
  openReceipt,
  type Receipt,
  signCheckpoint,
  signReceipt,
} from './note.ts';
export type { PollSpan } from './poll-span.ts';
export {
  type Depth,
  FINDINGS,
  type Finding,
  type FindingCode,
  type Place,
  type Report,
  VERDICTS,
  type Verdict,
} from './report.ts';
export {
  encodeSegmentFooter,
  encodeSegmentHeader,
  FOOTER_LIMIT_BYTES,
  findSegmentFooter,
  parseSegmentFooter,
  parseSegmentHeader,
  type SegmentContext,
  type SegmentFooter,
  type SegmentHeader,
} from './segment.ts';
export type { Algorithm, PublicKey, Signer, Suite } from './suite.ts';
export { valueOfRaw } from './value.ts';
export { isFork, LedgerVerifier, type VerifierOptions } from './verify.ts';
