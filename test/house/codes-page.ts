import type { CodeRow } from '@limpid/sdk/core';

/** sdk/CODES.md, as the table of codes says. */
export function renderCodesPage(codes: Record<string, CodeRow>): string {
  const rows = Object.entries(codes).map(([code, { en, zh, exit, retry }]) => {
    return `| \`${code}\` | ${cell(en)} | ${cell(zh)} | ${exit} | ${retry ? 'yes' : 'no'} |`;
  });
  return [
    '# Codes',
    '',
    'Every code that an error, a configuration fault or a log line can carry. Codes are never reused; scripts may rely on',
    'them, not on the wording. `{name}` is filled in. **exit**: status of a command that ends with it (1: it failed, 2: the',
    'input was bad). **retry**: whether trying again later can succeed without anybody doing anything.',
    '',
    '每个错误、配置问题或日志行可能携带的代码。代码永不复用；脚本可依赖代码，不应依赖文字。',
    '**exit**：命令以此错误结束时的退出码（1 失败，2 输入有误）。**retry**：无需人工干预，稍后重试是否可能成功。',
    '',
    '| code | English | 中文 | exit | retry |',
    '|---|---|---|---|---|',
    ...rows,
    '',
    'This page is written from `src/core/codes.ts` by `UPDATE_DOCS=1 npx vitest run --config test/vitest.config.ts',
    'test/house/codes-page`; a test keeps both equal.',
    '',
  ].join('\n');
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('<', '&lt;');
}
