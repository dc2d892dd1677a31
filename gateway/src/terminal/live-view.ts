import { findFactor, isUnit, type Language, QUALITIES, qualityText, showUnit } from '@limpid/sdk/core';
import type { ReadingReport } from '../readings/reading-report.ts';
import type { GatewayStatus } from '../run/status.ts';
import { clip, columnsOf, padEnd, padStart } from './columns.ts';

export interface LiveState {
  status: GatewayStatus;
  values: readonly ReadingReport[];
}

const WORDS = {
  en: {
    ledger: 'ledger',
    entries: 'entries',
    clock: 'clock',
    line: 'line',
    use: 'use',
    requests: 'requests',
    timeouts: 'time-outs',
    refused: 'refused',
    answer: 'answer',
    closed: 'not open',
    uplink: 'uplink',
    receipt: 'receipt up to',
    behind: 'behind',
    offline: 'offline',
    noReceipt: 'no receipt yet',
    full: 'DISK FULL: batches waiting',
    columns: ['outlet', 'device', 'quantity', 'code', 'value', 'unit', 'quality', 'seq'],
  },
  zh: {
    ledger: '账本',
    entries: '条目',
    clock: '时钟',
    line: '总线',
    use: '占用',
    requests: '请求',
    timeouts: '超时',
    refused: '拒绝',
    answer: '应答',
    closed: '未打开',
    uplink: '上行',
    receipt: '回执至',
    behind: '待回执',
    offline: '离线',
    noReceipt: '尚无回执',
    full: '磁盘已满：等待写入的批次',
    columns: ['排放口', '仪器', '参数', '编码', '数值', '单位', '质量', '序号'],
  },
} as const;

/**
 * The calm view of a running gateway: what it is, its lines and uplinks, every value with unit and quality. Where the
 * table is wider than `columns`, names of quantities are cut: never a value or its quality.
 */
export function renderLiveView(
  { status, values }: LiveState,
  language: Language,
  columns = Number.POSITIVE_INFINITY,
): string[] {
  const words = WORDS[language];
  const { ledger, clock } = status;
  const error = clock.errorMs === null ? '' : ` ±${clock.errorMs} ms`;
  return [
    `${status.site}   ${words.ledger} ${ledger.id}  ${ledger.size} ${words.entries}  ${showBytes(ledger.sizeBytes)}   ${words.clock} ${clock.state}${error}`,
    ...(status.waiting > 0 ? [`${words.full} ${status.waiting}`] : []),
    ...status.lines.map((line) => renderLine(line, language)),
    ...status.uplinks.map((uplink) => renderUplink(uplink, ledger.size, language)),
    '',
    ...renderValues(values, language, columns),
  ];
}

function renderLine(line: GatewayStatus['lines'][number], language: Language): string {
  const words = WORDS[language];
  const head = `${words.line} ${padEnd(line.name, 10)}`;
  if (!line.open) return `${head} ${words.closed}`;
  const answer = line.lastAnswerMs === null ? '' : `  ${words.answer} ${line.lastAnswerMs} ms`;
  return `${head} ${words.use} ${padStart(line.usePercent.toFixed(1), 5)} %  ${words.requests} ${line.requests}  ${words.timeouts} ${line.timeouts}  ${words.refused} ${line.exceptions}${answer}`;
}

function renderUplink(uplink: GatewayStatus['uplinks'][number], size: number, language: Language): string {
  const words = WORDS[language];
  const receipt =
    uplink.receiptedSize === 0
      ? words.noReceipt
      : `${words.receipt} ${uplink.receiptedSize}  ${words.behind} ${size - uplink.receiptedSize}`;
  const offline = uplink.connected ? '' : `  ${words.offline}`;
  const fault = uplink.lastFault === null || uplink.connected ? '' : `  ${uplink.lastFault.code}`;
  return `${words.uplink} ${padEnd(uplink.name, 8)} ${receipt}${offline}${fault}`;
}

function renderValues(values: readonly ReadingReport[], language: Language, columns: number): string[] {
  // Status words have no code; they are told by the quality of what they concern.
  const rows = values.filter(({ code }) => code !== '').map((value) => toRow(value, language));
  const table = [WORDS[language].columns, ...rows];
  const widths = WORDS[language].columns.map((_, column) =>
    Math.max(...table.map((row) => columnsOf(row[column] ?? ''))),
  );
  const tooWide = widths.reduce((sum, width) => sum + width + 2, -2) - columns;
  if (tooWide > 0) widths[NAME] = Math.max(SHORTEST_NAME, (widths[NAME] ?? 0) - tooWide);
  return table.map((row) =>
    row
      .map((cell, column) => toCell(cell, column, widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}

const NAME = 2;
const SHORTEST_NAME = 8;

function toCell(cell: string, column: number, width: number): string {
  if (column === NAME) return padEnd(clip(cell, width), width);
  return RIGHT.has(column) ? padStart(cell, width) : padEnd(cell, width);
}

/** value and seq stand at the right */
const RIGHT = new Set([4, 7]);

function toRow(value: ReadingReport, language: Language): string[] {
  const name = findFactor(value.code)?.name[language] ?? value.channel;
  const quality = QUALITIES[value.quality];
  return [
    value.outlet,
    value.device,
    name,
    value.code,
    value.text ?? '–',
    isUnit(value.unit) ? showUnit(value.unit) : value.unit,
    qualityText(quality, language),
    value.seq === null ? '' : String(value.seq),
  ];
}

export function showBytes(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  if (bytes < 1024 ** 2) return `${(bytes / 1024).toFixed(1)} KiB`;
  return `${(bytes / 1024 ** 2).toFixed(1)} MiB`;
}
