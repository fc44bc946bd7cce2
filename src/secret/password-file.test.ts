import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Secret } from '../base/secret.ts';
import { PasswordFile } from './password-file.ts';

const entry = { service: 'sallyport', account: 'user/orders-db' };
const planted = 'planted-pässwörd';
const passphrase = new Secret('correct horse battery');

let dir: string;
let path: string;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'password-file-'));
  path = join(dir, 'passwords.json');
});
afterEach(() => rm(dir, { recursive: true }));

async function filled(): Promise<PasswordFile> {
  const file = new PasswordFile({ path });
  await file.unlock(passphrase);
  await file.set(entry, new Secret(planted));
  return file;
}

it('keeps passwords for the next run, for its user alone, and shows none of them', async () => {
  const file = await filled();
  expect(await file.set({ ...entry, account: 'other' }, new Secret('x'))).toEqual({ in: 'file' });
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  expect(await readdir(dir)).toEqual(['passwords.json']);
  const text = await readFile(path, 'utf8');
  for (const known of [planted, 'orders-db', passphrase.reveal(), Buffer.from(planted).toString('base64')])
    expect(text).not.toContain(known);

  const next = new PasswordFile({ path });
  await next.unlock(passphrase);
  expect((await next.get(entry))?.secret.reveal()).toBe(planted);
  expect(await next.delete(entry)).toBe(true);
  expect(await next.delete(entry)).toBe(false);
  const last = new PasswordFile({ path });
  await last.unlock(passphrase);
  expect(await last.get(entry)).toBeUndefined();
  expect((await last.get({ ...entry, account: 'other' }))?.kept).toEqual({ in: 'file' });
});

it('asks for its passphrase, and says whether there is one yet', async () => {
  const file = new PasswordFile({ path });
  const required = (isNew: boolean) => ({ code: 'SP-PASSPHRASE-REQUIRED', details: { isNew } });
  await expect(file.get(entry)).rejects.toMatchObject(required(true));
  await expect(file.unlock(new Secret('short'))).rejects.toMatchObject({ code: 'SP-PASSPHRASE-REFUSED' });
  expect(await readdir(dir)).toEqual([]);
  await filled();
  for (const act of [() => file.get(entry), () => file.set(entry, passphrase), () => file.delete(entry)])
    await expect(act()).rejects.toMatchObject(required(false));
  await expect(file.unlock(new Secret('correct horse batterz'))).rejects.toMatchObject({
    code: 'SP-PASSPHRASE-REFUSED',
  });
  await expect(file.get(entry)).rejects.toMatchObject(required(false));
});

it('takes one passphrase for the same, however its letters were composed', async () => {
  await new PasswordFile({ path }).unlock(new Secret('pass\u00fchrase'));
  await new PasswordFile({ path }).unlock(new Secret('passu\u0308hrase'));
});

it('keeps what many write at once', async () => {
  const file = new PasswordFile({ path });
  const accounts = Array.from({ length: 20 }, (_, number) => ({ ...entry, account: String(number) }));
  await file.unlock(passphrase);
  await Promise.all(accounts.map((each) => file.set(each, new Secret(each.account))));
  const next = new PasswordFile({ path });
  await next.unlock(passphrase);
  for (const each of accounts) expect((await next.get(each))?.secret.reveal()).toBe(each.account);
});

it('never seals twice with one nonce', async () => {
  const file = await filled();
  const nonces = new Set<string>();
  for (let turn = 0; turn < 5; turn++) {
    await file.set(entry, new Secret('x'));
    nonces.add(JSON.parse(await readFile(path, 'utf8')).nonce);
  }
  expect(nonces.size).toBe(5);
});

describe('a file that was changed', () => {
  const flipped = (text: string) => {
    const bytes = Buffer.from(text, 'base64');
    bytes[bytes.length >> 1]! ^= 1;
    return bytes.toString('base64');
  };

  it.each(['sealed', 'nonce'] as const)('is not taken for one of ours: %s', async (field) => {
    await filled();
    const content = JSON.parse(await readFile(path, 'utf8'));
    await writeFile(path, JSON.stringify({ ...content, [field]: flipped(content[field]) }));
    await expect(new PasswordFile({ path }).unlock(passphrase)).rejects.toMatchObject({
      code: 'SP-PASSPHRASE-REFUSED',
    });
  });

  it.each([
    ['is no JSON', () => '{'],
    ['wants more memory than we give', (text: string) => text.replace('"N":131072', '"N":1073741824')],
    ['is of a later version', (text: string) => text.replace('"version":1', '"version":2')],
    ['is short of its tag', (text: string) => text.replace(/"sealed":"[^"]*"/, '"sealed":"AAAA"')],
  ])('is unreadable where it %s, and is left alone', async (_what, change) => {
    await filled();
    const changed = change(await readFile(path, 'utf8'));
    await writeFile(path, changed);
    const file = new PasswordFile({ path });
    await expect(file.unlock(passphrase)).rejects.toMatchObject({ code: 'SP-STATE-UNREADABLE' });
    await expect(file.set(entry, new Secret('x'))).rejects.toMatchObject({ code: 'SP-STATE-UNREADABLE' });
    expect(await readFile(path, 'utf8')).toBe(changed);
  });
});

it('remembers nothing that could not be written', async () => {
  const file = await filled();
  await rm(dir, { recursive: true });
  await expect(file.set(entry, new Secret('new'))).rejects.toMatchObject({ code: 'SP-STATE-UNWRITABLE' });
  expect((await file.get(entry))?.secret.reveal()).toBe(planted);
  dir = await mkdtemp(join(tmpdir(), 'password-file-'));
});
