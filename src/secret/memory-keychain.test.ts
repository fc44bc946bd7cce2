import { expect, it } from 'vitest';
import { AppError } from '../base/app-error.ts';
import { Secret } from '../base/secret.ts';
import type { Keychain } from './keychain.ts';
import { MemoryKeychain } from './memory-keychain.ts';

const entry = { service: 'sallyport', account: 'user/orders-db' };

/** As one that can be taken away and given back. */
class Flaky implements Keychain {
  readonly inner = new MemoryKeychain();
  error: Error | undefined;

  async get(of: typeof entry) {
    if (this.error) throw this.error;
    return this.inner.get(of);
  }

  async set(of: typeof entry, secret: Secret) {
    if (this.error) throw this.error;
    await this.inner.set(of, secret);
    return { in: 'keychain' } as const;
  }

  async delete(of: typeof entry) {
    if (this.error) throw this.error;
    return this.inner.delete(of);
  }
}

const absent = new AppError('SP-KEYCHAIN', { message: 'libsecret is not installed' });

it('holds what it is given, each entry for itself, and forgets it when asked', async () => {
  const keychain = new MemoryKeychain();
  expect(await keychain.get(entry)).toBeUndefined();
  expect(await keychain.set(entry, new Secret('first'))).toEqual({ in: 'memory', why: undefined });
  await keychain.set(entry, new Secret('second'));
  await keychain.set({ ...entry, account: 'other' }, new Secret('third'));
  expect((await keychain.get(entry))?.secret.reveal()).toBe('second');
  expect(await keychain.delete(entry)).toBe(true);
  expect(await keychain.delete(entry)).toBe(false);
  expect(await keychain.get(entry)).toBeUndefined();
});

it('leaves it to the keychain before it, and holds nothing itself', async () => {
  const before = new Flaky();
  const keychain = new MemoryKeychain({ before });
  expect(await keychain.set(entry, new Secret('kept'))).toEqual({ in: 'keychain' });
  expect((await before.inner.get(entry))?.secret.reveal()).toBe('kept');
  before.error = absent;
  expect(await keychain.get(entry)).toBeUndefined();
  await expect(keychain.delete(entry)).rejects.toMatchObject({ code: 'SP-KEYCHAIN' });
});

it('holds what that one cannot take, says why, and gives it up once it can', async () => {
  const before = new Flaky();
  const keychain = new MemoryKeychain({ before });
  before.error = absent;
  const kept = { in: 'memory', why: 'libsecret is not installed' };
  expect(await keychain.set(entry, new Secret('held'))).toEqual(kept);
  const found = await keychain.get(entry);
  expect([found?.secret.reveal(), found?.kept]).toEqual(['held', kept]);
  expect(await keychain.delete(entry)).toBe(true);
  await keychain.set(entry, new Secret('held'));
  before.error = undefined;
  expect(await keychain.set(entry, new Secret('kept'))).toEqual({ in: 'keychain' });
  expect((await keychain.get(entry))?.secret.reveal()).toBe('kept');
});

it('passes on what is not about the keychain', async () => {
  const before = new Flaky();
  before.error = new TypeError('a bug');
  const keychain = new MemoryKeychain({ before });
  await expect(keychain.get(entry)).rejects.toBe(before.error);
  await expect(keychain.set(entry, new Secret('x'))).rejects.toBe(before.error);
});

it('holds a thousand and no more', async () => {
  const keychain = new MemoryKeychain();
  const numbered = (number: number) => ({ ...entry, account: String(number) });
  for (let number = 0; number < 1_000; number++) await keychain.set(numbered(number), new Secret('x'));
  await expect(keychain.set(numbered(1_000), new Secret('x'))).rejects.toMatchObject({ code: 'SP-KEYCHAIN' });
  await keychain.set(numbered(999), new Secret('y'));
});
