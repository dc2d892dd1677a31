import type { Finding, Report, Verdict } from '@limpid/sdk/ledger/seal';
import { text } from '../language.ts';

const MOST_SHOWN = 20;

/** A report for people: the verdict first, then what it covers, then what was found and where. */
export function renderReport(report: Report): string[] {
  const { ledger, firstSeq, size, readings, keyId, tornBytes, findings } = report;
  const hidden = findings.length - MOST_SHOWN + report.furtherFindings;
  return [
    `${scopeText(report)}${verdictText(report.verdict)}: ${text('ledger', '账本')} ${ledger || '–'}`,
    text(
      `  entries ${firstSeq}..${size - 1}, ${readings} readings, ${span(report)}, key ${keyId || '–'}`,
      `  条目 ${firstSeq}..${size - 1}，${readings} 个读数，${span(report)}，密钥 ${keyId || '–'}`,
    ),
    ...(report.checked === 'order' ? [notChecked()] : []),
    ...(tornBytes > 0
      ? [text(`  ${tornBytes} bytes at the end are not finished`, `  末尾 ${tornBytes} 字节尚未写完`)]
      : []),
    ...findings.slice(0, MOST_SHOWN).map(renderFinding),
    ...(hidden > 0 ? [text(`  and ${hidden} more (--json lists them)`, `  另有 ${hidden} 项（见 --json）`)] : []),
  ];
}

function scopeText({ checked }: Report): string {
  return checked === 'order' ? text('order only, ', '仅核验顺序：') : '';
}

function notChecked(): string {
  return text(
    '  not checked: readings against what was signed, values against raw words, silence; the number of readings is what the entries say',
    '  未核验：读数与签名承诺是否一致、数值是否由原始寄存器得出、数据静默；读数个数为条目所称',
  );
}

function renderFinding({ code, seq, file, offset, text: what }: Finding): string {
  const place = [
    seq === null ? '' : text(`sequence ${seq}`, `序号 ${seq}`),
    file === undefined ? '' : file,
    offset === undefined ? '' : text(`offset ${offset}`, `偏移 ${offset}`),
  ];
  return `  ${code}  ${place.filter((part) => part !== '').join(', ')}: ${what}`;
}

function span({ fromWallMs, toWallMs }: Report): string {
  if (fromWallMs === null || toWallMs === null) return '–';
  return `${showTime(fromWallMs)} .. ${showTime(toWallMs)}`;
}

/** Any 64-bit number can be signed as a time; those beyond the calendar are shown as they are. */
function showTime(wallMs: number): string {
  const time = new Date(wallMs);
  return Number.isNaN(time.getTime()) ? `${wallMs} ms` : time.toISOString();
}

function verdictText(verdict: Verdict): string {
  switch (verdict) {
    case 'verified':
      return text('verified', '核验通过');
    case 'findings':
      return text('verified with findings', '通过但有发现项');
    case 'unauthenticated':
      return text(
        'not authenticated (consistent in itself, but no key from outside vouches for it)',
        '未认证（自身一致，但没有来自外部的公钥）',
      );
    case 'incomplete':
      return text('INCOMPLETE', '不完整');
    case 'manipulated':
      return text('MANIPULATION PROVEN', '证实篡改');
    case 'malformed':
      return text('MALFORMED', '格式错误');
  }
}
