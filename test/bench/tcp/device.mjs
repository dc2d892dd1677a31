// A Modbus TCP device as fast as it goes, in a process of its own: register a holds a. Prints its port.
import { createServer } from 'node:net';

const registers = Buffer.alloc(0x2_0000);
for (let address = 0; address < 0x1_0000; address += 1) registers.writeUInt16BE(address, address * 2);

function answer(request) {
  const address = request.readUInt16BE(8);
  const count = request.readUInt16BE(10);
  const frame = Buffer.allocUnsafe(9 + 2 * count);
  request.copy(frame, 0, 0, 8);
  frame.writeUInt16BE(3 + 2 * count, 4);
  frame[8] = 2 * count;
  registers.copy(frame, 9, 2 * address, 2 * (address + count));
  return frame;
}

const server = createServer({ noDelay: true }, (socket) => {
  let rest = Buffer.alloc(0);
  socket.on('error', () => socket.destroy());
  socket.on('data', (chunk) => {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    const answers = [];
    for (; rest.length >= 12; rest = rest.subarray(12)) answers.push(answer(rest));
    if (answers.length > 0) socket.write(answers.length === 1 ? answers[0] : Buffer.concat(answers));
  });
});
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
process.stdin.on('end', () => process.exit(0)).resume();
