import { describe, expect, it } from 'vitest';
import { AppError } from '../base/app-error.ts';
import { silentLog } from '../base/log.ts';
import { MemoryKeychain } from '../secret/memory-keychain.ts';
import { GatewayPasswords } from './gateway-passwords.ts';

const orders = { id: 'user/orders-db', name: 'orders-db' };
const keychain = new MemoryKeychain();
const open = (of = keychain) => new GatewayPasswords({ keychain: of, log: silentLog });

describe('GatewayPasswords', () => {
  it('makes one a tunnel, once however many ask, and finds it again', async () => {
    const passwords = open();
    const [first, second, other] = await Promise.all([
      passwords.of(orders),
      passwords.of(orders),
      passwords.of({ id: 'user/other', name: 'other' }),
    ]);
    expect(first.secret.reveal()).toMatch(/^[A-Za-z0-9_-]{24}$/);
    expect(second).toBe(first);
    expect(other.secret.reveal()).not.toBe(first.secret.reveal());
    expect((await open().of(orders)).secret.reveal()).toBe(first.secret.reveal());
  });

  it('makes a new one when asked, for who asks meanwhile too', async () => {
    const passwords = open();
    const before = await passwords.of(orders);
    const [rotated, meanwhile] = await Promise.all([passwords.rotate(orders), passwords.of(orders)]);
    expect(rotated.secret.reveal()).not.toBe(before.secret.reveal());
    expect([before.secret.reveal(), rotated.secret.reveal()]).toContain(meanwhile.secret.reveal());
    expect((await passwords.of(orders)).verifier).toBe(rotated.verifier);
    expect((await open().of(orders)).secret.reveal()).toBe(rotated.secret.reveal());
  });

  it('asks a keychain that was locked again, and keeps what was good where a new one cannot be kept', async () => {
    let problem: AppError | undefined = new AppError('SP-PASSPHRASE-REQUIRED');
    const locked = new MemoryKeychain();
    const get = locked.get.bind(locked);
    const set = locked.set.bind(locked);
    locked.get = (entry) => (problem ? Promise.reject(problem) : get(entry));
    locked.set = (entry, secret) => (problem ? Promise.reject(problem) : set(entry, secret));
    const passwords = open(locked);
    await expect(passwords.of(orders)).rejects.toMatchObject({ code: 'SP-PASSPHRASE-REQUIRED' });
    problem = undefined;
    const made = await passwords.of(orders);
    problem = new AppError('SP-KEYCHAIN');
    await expect(passwords.rotate(orders)).rejects.toMatchObject({ code: 'SP-KEYCHAIN' });
    expect(await passwords.of(orders)).toBe(made);
  });
});
