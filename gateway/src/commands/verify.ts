import { resolve } from 'node:path';
import { LimpidError } from '@limpid/sdk/core';
import { FINDINGS, type Report } from '@limpid/sdk/ledger/seal';
import type { Command } from 'commander';
import { example, text } from '../language.ts';
import { printJson, printLine } from '../terminal/output.ts';
import { reportFault } from '../terminal/report-fault.ts';
import { renderReport } from '../verification/render-report.ts';
import { type FolderToVerify, verifyFolder } from '../verification/verify-folder.ts';

interface VerifyFlags {
  key?: string;
  json?: boolean;
  orderOnly?: boolean;
  receipt?: string;
  receiptKey?: string;
}

/** Exit when nothing could be checked: apart from every verdict, so that no script takes it for one. */
const COULD_NOT_VERIFY = 6;

export function registerVerify(program: Command): void {
  program
    .command('verify')
    .argument(
      '<dir>',
      text(
        'data directory of a gateway or collector, or a folder of segments',
        '网关或接收端的数据目录，或账本段文件目录',
      ),
    )
    .summary(text('check a ledger or a mirror', '核验账本或镜像'))
    .description(
      text(
        'Checks every signature, the order and completeness of all entries, every reading against its raw words, and that absence is explained. Works on a ledger that is being written. Exit: 0 verified, 1 manipulation proven, 2 incomplete, 3 not authenticated (without --key nobody outside vouches for the key), 4 malformed, 5 verified with findings, 6 it could not be checked (no ledger there, no readable key).',
        '核验全部签名、条目的顺序与完整性、由原始寄存器重新计算的每个读数，以及缺失是否有解释。可用于正在写入的账本。退出码：0 通过，1 证实篡改，2 不完整，3 未认证（没有 --key 则密钥无人担保），4 格式错误，5 通过但有发现项，6 无法核验（没有账本或密钥不可读）。',
      ),
    )
    .option(
      '--key <pem>',
      text('public key of the gateway, from outside the data', '网关公钥（从数据以外的途径获得）'),
      (value) => resolve(value),
    )
    .option(
      '--order-only',
      text(
        'only that nothing is missing, moved or changed among the entries, by the newest signature; readings are not recomputed (report: checked "order")',
        '只核验条目无缺失、无错序、无改动（由最新签名覆盖全部条目）；不重新计算读数（报告中 checked 为 "order"）',
      ),
    )
    .option(
      '--receipt <note>',
      text(
        'a receipt that the collector signed (uplinks/<name>/receipt.note): shows an end that was cut off',
        '接收端签名的回执（uplinks/<名称>/receipt.note）：可发现账本末尾被截断',
      ),
      (value) => resolve(value),
    )
    .option('--receipt-key <pem>', text('public key of that collector', '该接收端的公钥'), (value) => resolve(value))
    .option('--json', text('the report as one JSON object', '以一个 JSON 对象输出报告'))
    .addHelpText('after', example('limpid verify /var/lib/limpid --key gateway.pub.pem'))
    .action(async (dir: string, flags: VerifyFlags) => {
      try {
        const report = await verifyFolder(toFolder(dir, flags));
        if (flags.json === true) printJson(withVerdicts(report));
        else for (const line of renderReport(report)) printLine(line);
        process.exitCode = report.exitCode;
      } catch (fault) {
        reportFault(fault);
        process.exitCode = COULD_NOT_VERIFY;
      }
    });
}

function toFolder(dir: string, { key, orderOnly, receipt, receiptKey }: VerifyFlags): FolderToVerify {
  if ((receipt === undefined) !== (receiptKey === undefined)) {
    throw new LimpidError('USAGE', { detail: '--receipt and --receipt-key belong together' });
  }
  return {
    dir: resolve(dir),
    ...(key !== undefined && { keyFile: key }),
    ...(orderOnly === true && { depth: 'order' }),
    ...(receipt !== undefined && receiptKey !== undefined && { receipt: { noteFile: receipt, keyFile: receiptKey } }),
  };
}

function withVerdicts(report: Report): object {
  return { ...report, findings: report.findings.map((finding) => ({ ...finding, verdict: FINDINGS[finding.code] })) };
}
