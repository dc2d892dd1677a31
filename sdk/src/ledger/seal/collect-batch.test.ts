import { describe, expect, it } from 'vitest';
import { UNSCALED } from '../../core/decimal.ts';
import type { Channel, Reading } from '../../core/reading.ts';
import { collectBatch } from './collect-batch.ts';

function channel(id: number, device: string): Channel {
  return {
    id,
    device,
    name: `q${id}`,
    code: '',
    outlet: '',
    unit: '1',
    fn: 3,
    address: id,
    words: 1,
    type: 'u16',
    order: 'ABCD',
    scale: UNSCALED,
    exponent: 0,
    basis: { moisture: 'none', state: 'none', referenceDegC: null },
    range: null,
    disclosure: 'public',
  };
}

const [a, b, c] = [channel(1, 'cems'), channel(2, 'cems'), channel(7, 'flow')];

function group(wallMs: number, monoMs: number, ...values: [Channel, number, 0 | 10][]) {
  const readings: Reading[] = values.map(([of, raw, quality]) => ({
    channel: of,
    wallMs,
    monoMs,
    raw,
    value: raw,
    quality,
  }));
  return { wallMs, monoMs, readings };
}

describe('collecting a batch', () => {
  it('gives each device a block of its own and each poll an offset by the monotonic clock', () => {
    const body = collectBatch(
      [
        group(5000, 100, [a, 1, 0], [b, 2, 0]),
        group(5300, 400, [c, 9, 0]),
        group(1000, 2600.4, [a, 3, 0], [b, 4, 10]), // the wall clock was set back in between
      ],
      new Uint8Array(16),
    );
    expect(body.baseWallMs).toBe(5000);
    expect(body.blocks).toEqual([
      {
        channels: [1, 2],
        offsetsMs: [0, 2500],
        columns: [
          { raw: [1, 3], value: [1, 3], quality: 0 },
          { raw: [2, 4], value: [2, 4], quality: [0, 10] },
        ],
      },
      { channels: [7], offsetsMs: [300], columns: [{ raw: [9], value: [9], quality: 0 }] },
    ]);
  });

  it('leaves out a device without channels', () => {
    expect(collectBatch([group(1, 1)], new Uint8Array()).blocks).toEqual([]);
  });
});
