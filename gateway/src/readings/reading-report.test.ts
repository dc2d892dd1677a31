import { type Channel, QUALITIES, type Reading, UNSCALED } from '@limpid/sdk/core';
import { describe, expect, it } from 'vitest';
import { LiveBoard } from './live-board.ts';
import { reportReading } from './reading-report.ts';

const channel: Channel = {
  id: 4,
  device: 'cems',
  name: 'so2',
  code: 'a21026',
  outlet: 'DA001',
  unit: 'mg/m3',
  fn: 3,
  address: 12,
  words: 2,
  type: 'f32',
  order: 'ABCD',
  scale: UNSCALED,
  exponent: -2,
  basis: { moisture: 'dry', state: 'standard', referenceDegC: 0 },
  range: null,
  disclosure: 'public',
};
const reading: Reading = {
  channel,
  wallMs: Date.UTC(2026, 10, 23, 4),
  monoMs: 1,
  raw: 0x42f6e979,
  value: 12346,
  quality: QUALITIES.good,
};

describe('a reading as people see it', () => {
  it('has every digit of the channel and the words as read', () => {
    expect(reportReading(reading, 7)).toEqual({
      time: '2026-11-23T04:00:00.000Z',
      device: 'cems',
      channel: 'so2',
      outlet: 'DA001',
      code: 'a21026',
      value: 123.46,
      text: '123.46',
      unit: 'mg/m3',
      quality: 'good',
      raw: '42F6 E979',
      seq: 7,
    });
  });

  it('has no value and no words where there was no answer', () => {
    const silent = { ...reading, raw: null, value: null, quality: QUALITIES.noAnswer };
    expect(reportReading(silent, null)).toMatchObject({
      value: null,
      text: null,
      raw: null,
      quality: 'noAnswer',
      seq: null,
    });
  });

  it('stands on the live board only as the newest of its channel, in the order of the channel table', () => {
    const board = new LiveBoard();
    const other = { ...reading, channel: { ...channel, id: 1, name: 'o2' } };
    board.sealed([reading, other], 5);
    board.sealed([{ ...reading, value: 1 }], 6);
    expect(board.values().map(({ channel: name, text, seq }) => [name, text, seq])).toEqual([
      ['o2', '123.46', 5],
      ['so2', '0.01', 6],
    ]);
  });
});
