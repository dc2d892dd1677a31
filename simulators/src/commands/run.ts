import { createInterface } from 'node:readline';
import { type Clock, createSystemClock, isLimpidError, wait } from '@limpid/sdk/core';
import { type Command, InvalidArgumentError } from 'commander';
import { type Endpoint, type RunningScenario, startScenario } from '../scenario/start-scenario.ts';
import { language, text } from './language.ts';

interface RunFlags {
  port?: number;
  serial?: boolean;
  json?: boolean;
  seed?: number;
  endWithInput?: boolean;
}

const EXAMPLES = `
  limpid-sim run demo
  limpid-sim run demo-stack --port 1502
  limpid-sim run ./my-plant/scenario.yaml --serial --seed 7
  echo 'fault silence 5s' | limpid-sim run demo --json`;

export function registerRun(program: Command): void {
  program
    .command('run')
    .description(text('Serve a scenario on real wires until it is told to quit', '在真实总线上运行场景，直到退出'))
    .argument('<scenario>', text('name of a scenario, or a scenario.yaml', '场景名称或 scenario.yaml 文件'))
    .option(
      '--port <n>',
      text('TCP port of the first line, 0 for any free one', '首条总线的 TCP 端口，0 为任意空闲端口'),
      toPort,
    )
    .option('--serial', text('serve every line on a pseudo-terminal', '所有总线改用虚拟串口'))
    .option(
      '--json',
      text('one JSON line when it listens, then one per event', '监听后输出一行 JSON，随后每个事件一行'),
    )
    .option('--seed <n>', text('another seed, another story', '随机种子'), toSeed)
    .option('--end-with-input', text('quit when standard input ends', '标准输入结束时退出'))
    .addHelpText(
      'after',
      `\n${text('Examples', '示例')}:${EXAMPLES}\n\n${text('While it runs, type help.', '运行中可输入 help。')}`,
    )
    .action(run);
}

/** How often somebody who watches is told that all is well. */
const STATUS_MS = 60_000;

async function run(name: string, flags: RunFlags): Promise<void> {
  const out = new Output(flags.json ?? false);
  const clock = createSystemClock();
  const scenario = await startScenario(name, { ...flags, clock, language, onTimeline: (event) => out.event(event) });
  const prompt = listenToInput(scenario, out, flags.endWithInput ?? false);
  out.listening(scenario);
  const over = new AbortController();
  const watching = repeat(clock, over.signal, () => out.status(scenario));
  const quit = () => scenario.command('quit');
  process.on('SIGINT', quit).on('SIGTERM', quit);
  try {
    await Promise.race([scenario.ended, watching]);
  } finally {
    over.abort();
    prompt.close();
    await scenario.stop();
    process.off('SIGINT', quit).off('SIGTERM', quit);
    // a standard input that stays open must not keep the process
    process.stdin.destroy();
  }
}

async function repeat(clock: Clock, signal: AbortSignal, act: () => void): Promise<void> {
  try {
    for (;;) {
      await wait(clock, STATUS_MS, signal);
      act();
    }
  } catch (fault) {
    if (!isLimpidError(fault, 'STOPPED')) throw fault;
  }
}

/**
 * The end of input ends nothing, as a service has none, unless it is the sign that the parent is gone. At a terminal
 * Ctrl-D means quit, as everywhere.
 */
function listenToInput(scenario: RunningScenario, out: Output, endWithInput: boolean) {
  const isTerminal = Boolean(process.stdin.isTTY && process.stdout.isTTY);
  const prompt = createInterface({
    input: process.stdin,
    ...(isTerminal ? { output: process.stdout, prompt: '> ' } : {}),
  });
  process.stdin.on('error', () => prompt.close()); // a standard input that was closed before the start
  out.onPrint = isTerminal ? () => prompt.prompt(true) : () => {};
  prompt.on('line', (line) => {
    if (line.trim() !== '') obey(scenario, line, out);
    else out.onPrint();
  });
  prompt.on('SIGINT', () => scenario.command('quit'));
  if (isTerminal || endWithInput) prompt.on('close', () => scenario.command('quit'));
  process.stdout.on('error', () => scenario.command('quit')); // nobody reads any more
  return prompt;
}

function obey(scenario: RunningScenario, line: string, out: Output): void {
  try {
    out.event(scenario.command(line));
  } catch (fault) {
    if (!isLimpidError(fault)) throw fault;
    out.fault(fault.code, fault.describe(language));
  }
}

class Output {
  readonly #json: boolean;
  onPrint: () => void = () => {};

  constructor(json: boolean) {
    this.#json = json;
  }

  listening(scenario: RunningScenario): void {
    const { name, title, endpoints } = scenario;
    const hint = text('type help for what can be done, quit to end', '输入 help 查看命令，quit 退出');
    const lines = [`${name}: ${title}`, ...endpoints.map((endpoint) => `  ${showEndpoint(endpoint)}`), hint];
    this.#say({ listening: endpoints }, lines.join('\n'));
  }

  event(did: string): void {
    if (did !== '') this.#say({ did }, did);
  }

  status({ requests }: RunningScenario): void {
    this.#say({ requests }, text(`${requests} requests answered`, `已应答 ${requests} 个请求`));
  }

  fault(code: string, message: string): void {
    if (this.#json) this.#say({ code, message }, '');
    else process.stderr.write(`${code} ${message}\n`);
    this.onPrint();
  }

  #say(forMachines: unknown, forPeople: string): void {
    process.stdout.write(`${this.#json ? JSON.stringify(forMachines) : forPeople}\n`);
    this.onPrint();
  }
}

function showEndpoint(endpoint: Endpoint): string {
  const { device, profile, unit, outlet, code } = endpoint;
  const what = `${device.padEnd(12)}${[profile, code, outlet].filter(Boolean).join(' ').padEnd(32)}`;
  if (endpoint.type === 'tcp') return `${what}tcp ${endpoint.host}:${endpoint.port} unit ${unit}`;
  const format = `${endpoint.dataBits}${endpoint.parity[0]?.toUpperCase()}${endpoint.stopBits}`;
  return `${what}serial ${endpoint.path} ${endpoint.baudRate} ${format} unit ${unit}`;
}

function toPort(value: string): number {
  return toInteger(value, 65_535);
}

function toSeed(value: string): number {
  return toInteger(value, 0xffffffff);
}

function toInteger(value: string, most: number): number {
  const number = /^\d+$/.test(value) ? Number(value) : Number.NaN;
  if (number <= most) return number;
  throw new InvalidArgumentError(text(`expected a whole number from 0 to ${most}`, `应为 0 到 ${most} 的整数`));
}
