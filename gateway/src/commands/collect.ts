import { resolve } from 'node:path';
import { createSystemClock, LimpidError, systemRandom } from '@limpid/sdk/core';
import { createNodeFiles, createNodeSuite, createProcessTable, type Files } from '@limpid/sdk/ledger/store';
import { DEFAULT_TOPIC_PREFIX, loadCredentials } from '@limpid/sdk/uplinks';
import type { Command } from 'commander';
import { Collector, type CollectorOptions } from '../collector/collector.ts';
import { keyOfMirror, openMirrorCopy } from '../collector/mirror-copy.ts';
import { dataOption } from '../data-dir.ts';
import { text } from '../language.ts';
import { createLogger } from '../run/log.ts';
import { untilSignal } from '../terminal/until-signal.ts';

interface CollectFlags {
  url: string;
  trust: string;
  data: string;
  key?: string;
  prefix: string;
  name: string;
  username?: string;
  passwordEnv?: string;
  ca?: string;
  cert?: string;
  certKey?: string;
}

export function registerCollect(program: Command): void {
  program
    .command('collect')
    .summary(text('receive, verify and keep the ledgers of gateways', '接收、核验并保存网关账本'))
    .description(
      text(
        'The far end of an MQTT uplink: verifies what arrives, keeps a copy of each ledger whose key lies in --trust, and signs receipts for what is on its disk. Prints one JSON object per log line; {"msg":"ready"} when it works.',
        'MQTT 上行的对端：核验收到的条目，为 --trust 中有公钥的每个账本保存副本，并对已落盘的数据签发回执。每行输出一个 JSON 对象；开始工作时输出 {"msg":"ready"}。',
      ),
    )
    .requiredOption('--url <url>', text('broker, mqtt:// or mqtts://', '代理地址，mqtt:// 或 mqtts://'), toUrl)
    .requiredOption('--trust <dir>', text('folder of the public keys (PEM) to believe', '可信公钥（PEM）目录'), toPath)
    .option(...dataOption)
    .option(
      '--key <pem>',
      text(
        'private key of the receipts; default <data>/keys/collector.pem, made on first start',
        '回执私钥；默认 <data>/keys/collector.pem，首次启动时创建',
      ),
      toPath,
    )
    .option('--prefix <topic>', text('topic prefix', '主题前缀'), DEFAULT_TOPIC_PREFIX)
    .option('--name <name>', text('how it signs', '签名名称'), toName, 'collector')
    .option('--username <name>', text('user at the broker', '代理用户名'))
    .option('--password-env <variable>', text('variable that holds the password', '保存密码的环境变量'))
    .option('--ca <pem>', text('authority that the broker’s certificate must come from', '代理证书的签发机构证书'))
    .option('--cert <pem>', text('client certificate for the broker', '连接代理的客户端证书'))
    .option('--cert-key <pem>', text('its private key', '客户端证书私钥'))
    .addHelpText(
      'after',
      `${text('\nExample:\n', '\n示例：\n')}  limpid collect --url mqtt://127.0.0.1 --trust trust --data collected`,
    )
    .action(async (flags: CollectFlags) => {
      const ended = untilSignal();
      const log = createLogger();
      const suite = createNodeSuite();
      const files = createNodeFiles();
      const processes = await createProcessTable();
      const collector = new Collector(await toOptions(flags, files), {
        ...{ clock: createSystemClock(), random: systemRandom.fraction, suite, files, log },
        openCopy: (directory, ledger, key) => openMirrorCopy({ directory, ledger, key, files, suite, processes }),
        keyOfCopy: (directory) => keyOfMirror(directory, files, suite),
      });
      await collector.start();
      log.info({ keyFile: collector.publicKeyFile, ledgers: collector.status().ledgers.length }, 'ready');
      const failed = collector.finished.then(() => {});
      try {
        await Promise.race([ended, failed]);
      } finally {
        await collector.stop();
      }
    });
}

async function toOptions(flags: CollectFlags, files: Files): Promise<CollectorOptions> {
  const { username, passwordEnv, ca, cert, certKey } = flags;
  if ((cert === undefined) !== (certKey === undefined)) {
    throw new LimpidError('USAGE', { detail: '--cert and --cert-key belong together' });
  }
  const tls = { ...(ca && { ca }), ...(cert && { cert }), ...(certKey && { key: certKey }) };
  const named = { ...(username && { username }), ...(passwordEnv && { passwordEnv }) };
  return {
    url: flags.url,
    trustDir: flags.trust,
    dataDir: flags.data,
    topicPrefix: flags.prefix,
    name: flags.name,
    credentials: await loadCredentials({ ...named, tls }, { env: process.env, files, siteDir: process.cwd() }),
    ...(flags.key === undefined ? {} : { keyFile: flags.key }),
  };
}

/** The password stays out of process lists. */
function toUrl(value: string): string {
  if (/^(mqtts?|wss?):\/\/[^/@\s]+[^@]*$/.test(value)) return value;
  throw new LimpidError('USAGE', {
    detail: '--url: mqtt://host:port or mqtts://host:port, user and password by --username and --password-env',
  });
}

function toPath(value: string): string {
  return resolve(value);
}

/** Names in signed notes have neither spaces nor plus signs. */
function toName(value: string): string {
  if (/^[^\s+]+$/u.test(value)) return value;
  throw new LimpidError('USAGE', { detail: '--name: no spaces and no +' });
}
