import { describe, expect, it } from 'vitest';
import type { ReadingReport } from '../readings/reading-report.ts';
import type { GatewayStatus } from '../run/status.ts';
import { clip, columnsOf, padEnd, padStart } from './columns.ts';
import { renderLiveView, showBytes } from './live-view.ts';

const status: GatewayStatus = {
  site: 'Plant',
  version: '0.1.0',
  time: '2026-11-23T04:00:00.000Z',
  startedAt: '2026-11-23T03:00:00.000Z',
  ledger: { id: '0123456789abcdef', size: 120, firstSeq: 0, sizeBytes: 70_000 },
  batchEveryS: 10,
  clock: { state: 'synchronised', errorMs: 8 },
  lines: [
    {
      name: 'rs485',
      open: true,
      usePercent: 12.3,
      requests: 9,
      timeouts: 1,
      exceptions: 0,
      garbled: 0,
      lastAnswerMs: 41,
    },
    {
      name: 'plc',
      open: false,
      usePercent: 0,
      requests: 0,
      timeouts: 0,
      exceptions: 0,
      garbled: 0,
      lastAnswerMs: null,
    },
  ],
  uplinks: [
    {
      name: 'cloud',
      connected: false,
      cursor: 100,
      receiptedSize: 100,
      receiptAtMs: 1,
      backlog: 20,
      sent: 1,
      resent: 0,
      lastFault: { code: 'UPLINK_UNREACHABLE', text: '' },
    },
  ],
  waiting: 0,
};

const value: ReadingReport = {
  time: '2026-11-23T04:00:00.000Z',
  device: 'cems',
  channel: 'so2',
  outlet: 'DA001',
  code: 'a21026',
  value: 25.5,
  text: '25.50',
  unit: 'mg/m3',
  quality: 'good',
  raw: '41CC 0000',
  seq: 119,
};

describe('the live view', () => {
  it('shows ledger, lines, uplinks, and every value with unit and quality', () => {
    const page = renderLiveView({ status, values: [value] }, 'en').join('\n');
    expect(page).toContain('0123456789abcdef  120 entries  68.4 KiB   clock synchronised ±8 ms');
    expect(page).toMatch(/line rs485 +use +12\.3 % {2}requests 9 {2}time-outs 1 {2}refused 0 {2}answer 41 ms/);
    expect(page).toMatch(/line plc +not open/);
    expect(page).toMatch(/receipt up to 100 {2}behind 20 {2}offline/);
    expect(page).toMatch(/DA001 +cems +sulfur dioxide \(SO2\) +a21026 +25\.50 +mg\/m³ +good +119/);
  });

  it('cuts names and never a quality in a terminal of 80 columns', () => {
    const long = { ...value, code: 'a01017', text: '12345.678', quality: 'statusUnknown' as const };
    for (const language of ['en', 'zh'] as const) {
      const row = renderLiveView({ status, values: [value, long] }, language, 79).at(-1) ?? '';
      expect(columnsOf(row)).toBeLessThanOrEqual(79);
      expect(row).toMatch(/12345\.678 .*(status unknown|状态未知) +119$/);
    }
  });

  it('speaks Chinese, in columns that line up', () => {
    const lines = renderLiveView({ status, values: [value, { ...value, code: 'a19001', text: '6.0' }] }, 'zh');
    const [head, ...rows] = lines.slice(-3);
    expect(head).toContain('排放口');
    expect(rows[0]).toContain('二氧化硫');
    expect(rows[0]).toContain('正常');
    const before = (line: string, part: string) => columnsOf(line.slice(0, line.indexOf(part)));
    expect(before(rows[0] ?? '', 'a21026')).toBe(before(rows[1] ?? '', 'a19001'));
  });

  it('leaves out status words, which have no code, and shows what is missing as a dash', () => {
    const page = renderLiveView(
      {
        status,
        values: [
          { ...value, code: '', channel: 'alarm' },
          { ...value, text: null, quality: 'noAnswer' },
        ],
      },
      'en',
    ).join('\n');
    expect(page).not.toContain('alarm');
    expect(page).toMatch(/– +mg\/m³ +no answer/);
  });

  it('says loudly that the disk is full', () => {
    expect(renderLiveView({ status: { ...status, waiting: 7 }, values: [] }, 'en')[1]).toBe(
      'DISK FULL: batches waiting 7',
    );
  });
});

describe('columns', () => {
  it('counts a Chinese character as two', () => {
    expect(columnsOf('ab中文')).toBe(6);
    expect(padEnd('中', 4)).toBe('中  ');
    expect(padStart('中', 4)).toBe('  中');
    expect(clip('a中文b', 4)).toBe('a中');
  });

  it('shows sizes as people read them', () => {
    expect([showBytes(12), showBytes(2048), showBytes(5 * 2 ** 20)]).toEqual(['12 B', '2.0 KiB', '5.0 MiB']);
  });
});
