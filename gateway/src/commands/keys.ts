import { createNodeFiles, fingerprintOf, openKeyFile, publicKeyToPem, publicPathOf } from '@limpid/sdk/ledger/store';
import type { Command } from 'commander';
import { dataOption, keyFileOf } from '../data-dir.ts';
import { example, text } from '../language.ts';
import { printJson, printLine } from '../terminal/output.ts';

export function registerKeys(program: Command): void {
  program
    .command('keys')
    .summary(text('make and show the key of a gateway', '创建并显示网关密钥'))
    .description(
      text(
        'Makes the signing key of a data directory if there is none, and shows what to hand to whoever shall verify: the fingerprint to compare, the public key to give with --key.',
        '若数据目录中没有签名密钥则创建，并显示交给核验者的内容：用于比对的指纹、用于 --key 的公钥。',
      ),
    )
    .option(...dataOption)
    .option('--json', text('one JSON object', '输出一个 JSON 对象'))
    .addHelpText('after', example('limpid keys --data /var/lib/limpid'))
    .action(async ({ data, json }: { data: string; json?: boolean }) => {
      const file = keyFileOf(data);
      const { publicKey } = await openKeyFile(file, createNodeFiles(), { create: true });
      const shown = {
        keyId: Buffer.from(publicKey.keyId).toString('hex'),
        fingerprint: fingerprintOf(publicKey),
        algorithm: publicKey.algorithm === -19 ? 'Ed25519' : 'ESP256',
        privateKeyFile: file,
        publicKeyFile: publicPathOf(file),
        publicKey: publicKeyToPem(publicKey),
      };
      if (json === true) {
        printJson(shown);
        return;
      }
      printLine(`${text('key id', '密钥标识')}      ${shown.keyId}  (${shown.algorithm})`);
      printLine(`${text('fingerprint', '指纹')}   ${shown.fingerprint}`);
      printLine(`${text('private', '私钥')}       ${shown.privateKeyFile}`);
      printLine(`${text('public', '公钥')}        ${shown.publicKeyFile}`);
      printLine(shown.publicKey.trimEnd());
    });
}
