// client.mjs KIND PORT SECONDS PLAN: scans as fast as it goes, decodes every value, prints {scans, seconds, cpuUs}.
import { connect } from 'node:net';
import { createSystemClock, decodeWords } from '@limpid/sdk/core';
import { createLine } from '@limpid/sdk/modbus';
import modbusSerial from 'modbus-serial';

const [kind, port, seconds, plan] = process.argv.slice(2).map((word, k) => (k === 0 ? word : JSON.parse(word)));
let sum = 0;

const scanners = { limpid, raw, 'modbus-serial': viaModbusSerial };
const { scan, close } = await scanners[kind]();
for (let warm = 0; warm < 200; warm += 1) await scan();
const cpu = process.cpuUsage();
const startMs = performance.now();
let scans = 0;
while (performance.now() - startMs < seconds * 1000) {
  await scan();
  scans += 1;
}
const elapsedMs = performance.now() - startMs;
const { user, system } = process.cpuUsage(cpu);
console.log(JSON.stringify({ scans, seconds: elapsedMs / 1000, cpuUs: (user + system) / scans, sum }));
await close();

/** Each read carries its fields: [address, count, [[offset, words, type], …]] */
function decode(words, wanted) {
  for (const [offset, count, type] of wanted)
    sum += Number(decodeWords(words.subarray(offset, offset + count), type, 'ABCD'));
}

async function limpid() {
  const line = createLine(
    { type: 'tcp', name: 'bench', host: '127.0.0.1', port },
    { clock: createSystemClock(), random: Math.random },
  );
  await line.start();
  return {
    scan: async () => {
      for (const [address, count, wanted] of plan) decode(await line.read({ unit: 1, fn: 3, address, count }), wanted);
    },
    close: () => line.stop(),
  };
}

async function viaModbusSerial() {
  const client = new modbusSerial();
  client.setTimeout(1000);
  await client.connectTCP('127.0.0.1', { port });
  client.setID(1);
  return {
    scan: async () => {
      for (const [address, count, wanted] of plan) {
        decode(Uint16Array.from((await client.readHoldingRegisters(address, count)).data), wanted);
      }
    },
    close: () => new Promise((resolve) => client.close(resolve)),
  };
}

/** No library, no checks, registers xored: the floor of this runtime. */
async function raw() {
  const socket = connect({ host: '127.0.0.1', port, noDelay: true });
  const requests = plan.map(([address, count], k) => {
    const frame = Buffer.alloc(12);
    frame.writeUInt16BE(k, 0);
    frame.writeUInt16BE(6, 4);
    frame[6] = 1;
    frame[7] = 3;
    frame.writeUInt16BE(address, 8);
    frame.writeUInt16BE(count, 10);
    return frame;
  });
  await new Promise((resolve) => socket.once('connect', resolve));
  let at = 0;
  let done = () => undefined;
  socket.on('data', (chunk) => {
    for (let byte = 9; byte < 9 + 2 * plan[at][1]; byte += 2) sum ^= chunk.readUInt16BE(byte);
    at += 1;
    if (at < requests.length) socket.write(requests[at]);
    else done();
  });
  return {
    scan: () =>
      new Promise((resolve) => {
        done = resolve;
        at = 0;
        socket.write(requests[0]);
      }),
    close: async () => socket.destroy(),
  };
}
