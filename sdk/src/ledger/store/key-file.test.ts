import { generateKeyPairSync } from 'node:crypto';
import { chmod, readFile, stat, writeFile } from 'node:fs/promises';
import { createNodeFiles, createNodeSuite, openKeyFile, readPublicKeyFile } from '@limpid/sdk/ledger/store';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createLedgerKit, type LedgerKit } from '../../../../test/support/ledger-kit.ts';

const files = createNodeFiles();
const suite = createNodeSuite();
const message = new TextEncoder().encode('message');

let kit: LedgerKit;
let path: string;
beforeEach(async () => {
  kit = await createLedgerKit();
  path = `${kit.dir}/keys/ledger.pem`;
});
afterEach(() => kit.remove());

async function put(pem: string, mode = 0o600): Promise<void> {
  await files.mkdir(`${kit.dir}/keys`);
  await writeFile(path, pem, { mode });
  await chmod(path, mode);
}

describe('the key file', () => {
  it('is made once, for its owner only, with the public key beside it', async () => {
    const first = await openKeyFile(path, files);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    const again = await openKeyFile(path, files);
    expect(again.publicKey).toEqual(first.publicKey);
    expect(await readPublicKeyFile(`${kit.dir}/keys/ledger.pub.pem`, files)).toEqual(first.publicKey);
    expect(suite.verify(first.publicKey, message, again.sign(message))).toBe(true);
  });

  it('is refused when others can read it', async () => {
    await openKeyFile(path, files);
    await chmod(path, 0o640);
    await expect(openKeyFile(path, files)).rejects.toMatchObject({ code: 'KEY_OPEN', params: { mode: '0640' } });
  });

  it('may hold a P-256 key, whose signatures have the low s', async () => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    await put(privateKey.export({ format: 'pem', type: 'pkcs8' }).toString());
    const signer = await openKeyFile(path, files);
    expect(signer.publicKey.algorithm).toBe(-9);
    for (let round = 0; round < 8; round += 1) {
      expect(suite.verify(signer.publicKey, message, signer.sign(message))).toBe(true);
    }
  });

  it.each(['rubbish', generateKeyPairSync('x25519').privateKey.export({ format: 'pem', type: 'pkcs8' }).toString()])(
    'is refused when it holds another kind of key or none',
    async (pem) => {
      await put(pem);
      await expect(openKeyFile(path, files)).rejects.toMatchObject({ code: 'KEY_UNREADABLE' });
    },
  );

  it('refuses a public key of small order', async () => {
    const spki = Buffer.from(`302a300506032b6570032100${'00'.repeat(32)}`, 'hex').toString('base64');
    await put(`-----BEGIN PUBLIC KEY-----\n${spki}\n-----END PUBLIC KEY-----\n`);
    await expect(readPublicKeyFile(path, files)).rejects.toMatchObject({ code: 'KEY_WEAK', params: { file: path } });
    expect(await readFile(path, 'utf8')).toContain('PUBLIC');
  });
});
