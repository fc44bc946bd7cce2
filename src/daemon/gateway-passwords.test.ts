import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { AppError } from '../base/app-error.ts';
import { silentLog } from '../base/log.ts';
import { Secret } from '../base/secret.ts';
import { MemoryKeychain } from '../secret/memory-keychain.ts';
import { GatewayPasswords } from './gateway-passwords.ts';

const hourMs = 3_600_000;
const orders = { id: 'user/orders-db', name: 'orders-db', profile: {} };
const keychain = new MemoryKeychain();
const clock = new FakeClock();
const open = (of = keychain) => new GatewayPasswords({ keychain: of, clock, log: silentLog });

describe('GatewayPasswords', () => {
  it('makes one a tunnel, once however many ask, and finds it again', async () => {
    const passwords = open();
    const [first, second, other] = await Promise.all([
      passwords.of(orders),
      passwords.of(orders),
      passwords.of({ id: 'user/other', name: 'other', profile: {} }),
    ]);
    expect(first.secret.reveal()).toMatch(/^[A-Za-z0-9_-]{24}$/);
    expect(second).toEqual(first);
    expect(second.secret).toBe(first.secret);
    expect(other.secret.reveal()).not.toBe(first.secret.reveal());
    expect((await open().of(orders)).secret.reveal()).toBe(first.secret.reveal());
  });

  it('makes a new one when asked, for who asks meanwhile too', async () => {
    const passwords = open();
    const before = await passwords.of(orders);
    const [rotated, meanwhile] = await Promise.all([
      passwords.give(orders, { rotate: true }),
      passwords.of(orders),
    ]);
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
    await expect(passwords.give(orders, { rotate: true })).rejects.toMatchObject({ code: 'SP-KEYCHAIN' });
    expect(await passwords.of(orders)).toEqual(made);
  });

  it('lets one expire as its user says; who asks for it then gets another, the gateway never makes one', async () => {
    const passwords = open(new MemoryKeychain());
    const first = await passwords.give(orders, { expiresInMs: 8 * hourMs });
    expect(first).toMatchObject({ isExpired: false, expiresAtMs: clock.wallMs() + 8 * hourMs });
    expect(passwords.expiresAtMs(orders)).toBe(first.expiresAtMs);
    expect((await passwords.give(orders)).secret).toBe(first.secret);
    clock.advance(8 * hourMs - 1);
    expect((await passwords.of(orders)).isExpired).toBe(false);
    clock.advance(1);
    expect(await passwords.of(orders)).toMatchObject({ secret: first.secret, isExpired: true });
    const [second, third] = await Promise.all([passwords.give(orders), passwords.give(orders)]);
    expect(second.secret.reveal()).not.toBe(first.secret.reveal());
    expect(third.secret).toBe(second.secret);
    expect(second).toMatchObject({ isExpired: false, expiresAtMs: undefined });
  });

  it('remembers when it ends', async () => {
    const kept = new MemoryKeychain();
    const { expiresAtMs, secret } = await open(kept).give(orders, { expiresInMs: hourMs });
    const found = await open(kept).of(orders);
    expect(found.expiresAtMs).toBe(expiresAtMs);
    expect(found.secret.reveal()).toBe(secret.reveal());
  });

  it('ends it as the profile says, counted from when it was made, and refuses a longer life', async () => {
    const passwords = open(new MemoryKeychain());
    const limited = { ...orders, profile: { policy: { localPasswordLifetime: '8h' } } };
    const first = await passwords.give(limited);
    expect(first.expiresAtMs).toBe(clock.wallMs() + 8 * hourMs);
    await expect(passwords.give(limited, { expiresInMs: 9 * hourMs })).rejects.toMatchObject({
      code: 'SP-USAGE',
      details: { message: expect.stringContaining('8h at most') },
    });
    clock.advance(5 * hourMs);
    // Again and again would be for ever.
    expect((await passwords.give(limited, { expiresInMs: 8 * hourMs })).expiresAtMs).toBe(first.expiresAtMs);
    expect((await passwords.give(limited, { expiresInMs: hourMs })).expiresAtMs).toBe(
      clock.wallMs() + hourMs,
    );
    clock.advance(3 * hourMs);
    expect((await passwords.of(limited)).isExpired).toBe(true);
    const rotated = await passwords.give(limited, { rotate: true });
    expect(rotated.expiresAtMs).toBe(clock.wallMs() + 8 * hourMs);
  });

  it('takes what somebody else has put into the keychain for nothing', async () => {
    const foreign = new MemoryKeychain();
    await foreign.set({ service: 'sallyport tunnel', account: orders.id }, new Secret('{"password":1}'));
    expect((await open(foreign).of(orders)).secret.reveal()).toMatch(/^[\w-]{24}$/);
  });
});
