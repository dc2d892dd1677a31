/** The units a channel may carry: an allow list, so that a misspelt unit is refused instead of passed on. */
export const UNITS = [
  // concentration
  'mg/m3',
  'ug/m3',
  'ng/m3',
  'g/m3',
  'ppm',
  'ppb',
  'mg/L',
  'ug/L',
  'ng/L',
  'count/L',
  'Bq/L',
  // flow, volume, mass
  'm3/s',
  'm3/h',
  'L/s',
  'L/min',
  'm3',
  'L',
  'kg/h',
  'kg',
  'g',
  'mg',
  't',
  // state of gas and water
  'm/s',
  'degC',
  'Pa',
  'hPa',
  'kPa',
  'bar',
  'm',
  'mm',
  'm2',
  'uS/cm',
  'NTU',
  'pH',
  'degree',
  'mV',
  // electricity and signals
  'V',
  'A',
  'mA',
  'W',
  'kW',
  'kWh',
  'Hz',
  'dB',
  // time and numbers without dimension
  's',
  'min',
  'h',
  'd',
  '%',
  '1',
  't/(km2.month)',
] as const;

export type Unit = (typeof UNITS)[number];

/** How a unit is shown to people; the code keeps to ASCII. */
const SHOWN: Partial<Record<Unit, string>> = {
  'mg/m3': 'mg/m³',
  'ug/m3': 'µg/m³',
  'ng/m3': 'ng/m³',
  'g/m3': 'g/m³',
  'ug/L': 'µg/L',
  'm3/s': 'm³/s',
  'm3/h': 'm³/h',
  m3: 'm³',
  m2: 'm²',
  degC: '°C',
  'uS/cm': 'µS/cm',
  degree: '°',
  pH: '',
  '1': '',
  't/(km2.month)': 't/(km²·month)',
};

/** Units of one kind measure the same: one may stand where the other is expected, though the numbers differ. */
const KINDS: readonly (readonly Unit[])[] = [
  // ppm and % are shares of the volume, and oxygen or moisture may be given either way
  ['mg/m3', 'ug/m3', 'ng/m3', 'g/m3', 'mg/L', 'ug/L', 'ng/L', 'ppm', 'ppb', '%'],
  ['m3/s', 'm3/h', 'L/s', 'L/min'],
  ['m3', 'L'],
  ['Pa', 'hPa', 'kPa', 'bar'],
  ['m', 'mm'],
  ['pH', '1'],
  ['degree', '1'],
];

export function isSameKind(one: Unit, other: Unit): boolean {
  return one === other || KINDS.some((kind) => kind.includes(one) && kind.includes(other));
}

export function isUnit(text: string): text is Unit {
  return (UNITS as readonly string[]).includes(text);
}

export function showUnit(unit: Unit): string {
  return SHOWN[unit] ?? unit;
}
