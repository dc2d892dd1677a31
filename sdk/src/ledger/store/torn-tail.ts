import { type OpenFile, readFully } from './files.ts';
import type { BadStep } from './segment-scan.ts';

/** The least that a device writes whole. */
export const SECTOR_BYTES = 512;
const CHECKSUM_BYTES = 4;

export interface Rest {
  /** file offset behind the last byte that is not zero, or 0 when all are */
  lastByte: number;
  /**
   * Whether the broken item looks like an interrupted write: bytes missing at the end of the file, or old zeros (the
   * segment is zero-filled ahead) in a whole sector of it or at its very end.
   */
  torn(bad: BadStep): boolean;
}

export async function describeRest(file: OpenFile, offset: number, limit: number): Promise<Rest> {
  const buffer = new Uint8Array(Math.max(0, limit - offset));
  const bytes = buffer.subarray(0, await readFully(file, buffer, offset));
  let last = bytes.length;
  while (last > 0 && bytes[last - 1] === 0) last -= 1;
  return {
    lastByte: last === 0 ? 0 : offset + last,
    torn: (bad) => {
      const end = bad.end === null ? last : bad.end - offset;
      if (hasZeroSector(bytes.subarray(0, end), offset)) return true;
      return bad.end === null && breaksOff(bad, offset + last, limit);
    },
  };
}

/** How many of the last bytes of an interrupted write may be zeros that were meant. */
const MEANT_ZEROS = 16;

/**
 * Lengths that make no sense are left by an interrupted write only where the data themselves break off: at the end of
 * the file, or at a sector's. Anywhere else a byte was changed, and the item may have been acknowledged.
 */
function breaksOff(bad: BadStep, dataEnd: number, limit: number): boolean {
  if (bad.short && limit - dataEnd < SECTOR_BYTES) return true;
  return bad.brokenAt >= dataEnd && roundUp(dataEnd) - dataEnd <= MEANT_ZEROS;
}

function roundUp(offset: number): number {
  return Math.ceil(offset / SECTOR_BYTES) * SECTOR_BYTES;
}

function hasZeroSector(bytes: Uint8Array, offset: number): boolean {
  for (let at = 0; at < bytes.length; ) {
    const end = Math.min(bytes.length, roundUp(offset + at + 1) - offset);
    if (bytes.subarray(at, end).every((byte) => byte === 0)) return true;
    at = end;
  }
  return bytes.length >= CHECKSUM_BYTES && bytes.subarray(-CHECKSUM_BYTES).every((byte) => byte === 0);
}
