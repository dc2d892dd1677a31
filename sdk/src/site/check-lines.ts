import type { Fault, Wording } from '../profiles/yaml-document.ts';
import type { Draft } from './draft.ts';

/** Two TCP lines to one endpoint are two connections, which many gateways take; a serial port has one owner. */
export function checkLines({ lines, fault }: Draft): Fault[] {
  const owners = new Map<string, string>();
  return [...lines.valid].flatMap(([name, line]) => {
    if (line.type !== 'rtu') return [];
    const at = (key: string, detail: Wording) => fault('CONFIG_CONTRADICTION', ['lines', name, key], { detail });
    const owner = owners.get(line.path);
    if (owner === undefined) owners.set(line.path, name);
    return [
      ...(owner === undefined ? [] : [at('path', samePort(owner))]),
      ...(line.dataBits === 7 ? [at('dataBits', SEVEN_BITS)] : []),
    ];
  });
}

const samePort = (owner: string): Wording => ({
  en: `line ${owner} has this port already; put the devices of both on one line`,
  zh: `串口已被总线 ${owner} 使用；请将设备合并到同一总线`,
});

/** Modbus over serial line V1.02, §2.5.1: RTU characters have eight data bits; seven are those of ASCII. */
const SEVEN_BITS: Wording = {
  en: 'Modbus RTU has 8 data bits; 7 belong to Modbus ASCII, which is not spoken here',
  zh: 'Modbus RTU 使用 8 位数据位；7 位属于 Modbus ASCII，此处不支持',
};
