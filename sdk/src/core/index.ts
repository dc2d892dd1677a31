export { type BackoffSchedule, backoffDelayMs, DEFAULT_BACKOFF } from './backoff.ts';
export {
  CLOCK_SOURCES,
  CLOCK_STATES,
  type Clock,
  type ClockSource,
  type ClockState,
  type WallState,
  wait,
} from './clock.ts';
export { CODES, type Code, type CodeRow, type Language } from './codes.ts';
export {
  type Decimal,
  divideHalfEven,
  formatDecimal,
  parseDecimal,
  type Scale,
  scaleToMantissa,
  toFraction,
  toNumberWhenSafe,
  toScale,
  UNSCALED,
} from './decimal.ts';
export { faultText, isLimpidError, LimpidError, type Params } from './error.ts';
export { type Factor, type FactorRow, findFactor, listFactors } from './factor.ts';
export { chooseLanguage } from './language.ts';
export { assertRunning, type Service, settleAll, stopped } from './lifecycle.ts';
export { QUALITIES, QUALITY_NAMES, type Quality, type QualityName, qualityName, qualityText } from './quality.ts';
export {
  type Basis,
  type Channel,
  DATA_TYPES,
  type DataType,
  DISCLOSURES,
  type Disclosure,
  type Mantissa,
  type Raw,
  type Reading,
  WORD_ORDERS,
  type WordOrder,
} from './reading.ts';
export { createSystemClock } from './system-clock.ts';
export { systemRandom } from './system-random.ts';
export { isUnit, showUnit, UNITS, type Unit } from './unit.ts';
export { decodeWords, encodeWords, rawToWords, toRaw, wordsOfType } from './words.ts';
