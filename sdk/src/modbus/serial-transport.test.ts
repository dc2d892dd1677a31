import { describe, expect, it } from 'vitest';
import { createSystemClock } from '../core/index.ts';
import { createLine } from './create-line.ts';
import { toLineFault } from './serial-transport.ts';

const listPorts = async () => ['/dev/serial/by-id/usb-FTDI-if00-port0', '/dev/ttyUSB0'];

describe('the faults of a serial port', () => {
  it.each([
    ['Error: No such file or directory, cannot open /dev/ttyUSB7', 'LINE_PORT_MISSING'],
    ['Error: No such device or address, cannot open /dev/ttyUSB7', 'LINE_PORT_MISSING'],
    ['Error: Permission denied, cannot open /dev/ttyS0', 'LINE_PORT_DENIED'],
    ['Error Resource temporarily unavailable Cannot lock port', 'LINE_PORT_BUSY'],
    ['Error: Device or resource busy, cannot open /dev/ttyUSB0', 'LINE_PORT_BUSY'],
    ['Error: Inappropriate ioctl for device setting custom baud rate of 9600', 'LINE_UNREACHABLE'],
  ])('have a code though serialport gives only text: %s', async (text, code) => {
    const fault = await toLineFault(new Error(text), { line: 'rs485', path: '/dev/ttyUSB7', listPorts });
    expect(fault.code).toBe(code);
    expect(fault.message).toContain('rs485');
  });

  it('name the ports that are there when one is missing', async () => {
    const fault = await toLineFault(new Error('No such file'), { line: 'rs485', path: '/dev/ttyUSB7', listPorts });
    expect(fault.params.present).toBe('/dev/serial/by-id/usb-FTDI-if00-port0, /dev/ttyUSB0');
  });

  it('come from the real port, while start succeeds', async () => {
    const line = createLine(
      {
        type: 'rtu',
        name: 'rs485',
        path: '/dev/limpid-no-such-port',
        baudRate: 9600,
        parity: 'even',
        dataBits: 8,
        stopBits: 1,
      },
      { clock: createSystemClock(), random: () => 0 },
    );
    await line.start();
    const read = line.read({ unit: 1, fn: 3, address: 0, count: 1 });
    await expect(read).rejects.toMatchObject({ code: 'LINE_PORT_MISSING' });
    expect(line.usage()).toMatchObject({ open: false, requests: 0 });
    await line.stop();
  });
});
