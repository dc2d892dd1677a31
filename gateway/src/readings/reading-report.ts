import { formatDecimal, type QualityName, qualityName, type Reading, rawToWords } from '@limpid/sdk/core';

/** One reading as commands and the local door show it. */
export interface ReadingReport {
  /** ISO 8601, UTC */
  time: string;
  device: string;
  channel: string;
  outlet: string;
  /** pollutant or parameter code, '' where the quantity has none */
  code: string;
  /** null: no answer, not a number, or text */
  value: number | null;
  /** the same with every digit the channel has */
  text: string | null;
  unit: string;
  quality: QualityName;
  /** the words as read, in hexadecimal, first word first; null: no answer */
  raw: string | null;
  /** where it stands in the ledger; null: unsealed */
  seq: number | null;
}

export function reportReading(reading: Reading, seq: number | null): ReadingReport {
  const { channel, value } = reading;
  const text = value === null ? null : formatDecimal(value, channel.exponent);
  return {
    time: new Date(reading.wallMs).toISOString(),
    device: channel.device,
    channel: channel.name,
    outlet: channel.outlet,
    code: channel.code,
    value: text === null ? null : Number(text),
    text,
    unit: channel.unit,
    quality: qualityName(reading.quality),
    raw: showRaw(reading),
    seq,
  };
}

function showRaw({ raw, channel }: Reading): string | null {
  if (raw === null) return null;
  const words = rawToWords(raw, channel.words);
  return Array.from(words, (word) => word.toString(16).toUpperCase().padStart(4, '0')).join(' ');
}
