import { scaleToMantissa } from '../../core/decimal.ts';
import type { Channel, Mantissa, Raw } from '../../core/reading.ts';
import { decodeWords, rawToWords } from '../../core/words.ts';

const oneWord = new Uint16Array(1);
const twoWords = new Uint16Array(2);

/**
 * What the raw words of a channel are worth by the context alone: decoded by type and order, scaled, rounded half to
 * even at the channel's exponent. null for no answer, text, NaN, and what does not fit. Throws RangeError or
 * REQUEST_INVALID for raw words that the channel cannot have.
 */
export function valueOfRaw(channel: Channel, raw: Raw): Mantissa {
  if (raw === null) return null;
  const value = decodeWords(wordsOf(raw, channel.words), channel.type, channel.order);
  if (value === null || typeof value === 'string') return null;
  return scaleToMantissa(value, channel.scale, channel.exponent);
}

/** Nearly all channels have one or two words: those need no new array. */
function wordsOf(raw: Exclude<Raw, null>, words: number): Uint16Array {
  if (typeof raw === 'number' && words === 2 && raw <= 0xffffffff) {
    twoWords[0] = raw >>> 16;
    twoWords[1] = raw & 0xffff;
    return twoWords;
  }
  if (typeof raw === 'number' && words === 1 && raw <= 0xffff) {
    oneWord[0] = raw;
    return oneWord;
  }
  return rawToWords(raw, words);
}
