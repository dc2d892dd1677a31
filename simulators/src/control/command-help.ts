import { type Language, showUnit } from '@limpid/sdk/core';
import { QUANTITIES, QUANTITY_NAMES } from '../plant/quantity.ts';
import { DEVICE_STATES, PLAIN_FAULTS } from './command.ts';

const ROWS: readonly { command: string; en: string; zh: string }[] = [
  {
    command: 'set so2 120 [5min]',
    en: 'hold a quantity; what depends on it follows',
    zh: '固定一个物理量，相关量随之变化',
  },
  { command: 'release so2 | all', en: 'let it go on by itself', zh: '取消固定' },
  { command: 'fault silence 5s [TARGET]', en: `${PLAIN_FAULTS.join(' ')}`, zh: `${PLAIN_FAULTS.join(' ')}` },
  { command: 'fault exception 2 10s', en: 'refuse with this Modbus exception', zh: '以该 Modbus 异常码拒绝' },
  { command: 'fault late 300ms 20s', en: 'answer this much later', zh: '延迟应答' },
  {
    command: 'fault off [TARGET]',
    en: 'end all faults; TARGET is a device or a line',
    zh: '结束全部故障；TARGET 为仪器或总线',
  },
  { command: 'state cems fault [2min]', en: DEVICE_STATES.join(' '), zh: DEVICE_STATES.join(' ') },
  { command: 'show [DEVICE]', en: 'values, states, faults, requests', zh: '数值、状态、故障、请求数' },
  { command: 'help', en: 'this list', zh: '本帮助' },
  { command: 'quit', en: 'end', zh: '退出' },
];

/** What can be typed while a scenario runs, with an example of everything. */
export function commandHelp(language: Language): string {
  const quantities = QUANTITY_NAMES.map((name) => {
    const { unit, low, high, [language]: meaning } = QUANTITIES[name];
    return `  ${name.padEnd(18)}${`${low}..${high} ${showUnit(unit)}`.padEnd(22)}${meaning}`;
  });
  return [
    ...ROWS.map((row) => `${row.command.padEnd(28)}${row[language]}`),
    language === 'zh' ? '物理量：' : 'quantities:',
    ...quantities,
  ].join('\n');
}
