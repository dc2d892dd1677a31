/**
 * What an instrument, or the path to it, says about one reading. The numbers are signed into the ledger, so they are
 * never renumbered. A regulator's mark (N D C M T …) is a projection of quality by rule set and is never stored in
 * its place.
 */
export const QUALITIES = {
  good: 0,
  noAnswer: 1,
  busFault: 2,
  readError: 3,
  outOfRange: 4,
  held: 5,
  calibration: 6,
  maintenance: 7,
  purge: 8,
  stopped: 9,
  deviceAlarm: 10,
  warmUp: 11,
  deviceExchanged: 12,
  tamperInput: 13,
  parameterChanged: 14,
  degradedInput: 15,
  /** The profile has no status mapping: an analyser goes on publishing a number while in fault or purge. */
  statusUnknown: 16,
} as const;

export type QualityName = keyof typeof QUALITIES;
export type Quality = (typeof QUALITIES)[QualityName];

export const QUALITY_NAMES = Object.keys(QUALITIES) as QualityName[];

const TEXT: Record<QualityName, { en: string; zh: string }> = {
  good: { en: 'good', zh: '正常' },
  noAnswer: { en: 'no answer', zh: '无应答' },
  busFault: { en: 'bus or cable', zh: '总线故障' },
  readError: { en: 'read error', zh: '读取错误' },
  outOfRange: { en: 'out of range', zh: '超量程' },
  held: { en: 'held', zh: '保持值' },
  calibration: { en: 'calibration', zh: '校准' },
  maintenance: { en: 'maintenance', zh: '维护' },
  purge: { en: 'purge', zh: '反吹' },
  stopped: { en: 'process stopped', zh: '停运' },
  deviceAlarm: { en: 'device alarm', zh: '仪器报警' },
  warmUp: { en: 'warm-up', zh: '预热' },
  deviceExchanged: { en: 'device exchanged', zh: '仪器更换' },
  tamperInput: { en: 'tamper input', zh: '防拆告警' },
  parameterChanged: { en: 'parameter changed', zh: '参数变更' },
  degradedInput: { en: 'degraded input', zh: '降级计算' },
  statusUnknown: { en: 'status unknown', zh: '状态未知' },
};

export function qualityName(quality: number): QualityName {
  const name = QUALITY_NAMES[quality];
  if (name === undefined) throw new RangeError(`quality ${quality} is not in the list`);
  return name;
}

export function qualityText(quality: number, language: 'en' | 'zh'): string {
  return TEXT[qualityName(quality)][language];
}
