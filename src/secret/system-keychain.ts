/**
 * The keychain of the system: macOS Keychain, Windows Credential Manager, libsecret on Linux. It is another program that may be absent,
 * locked or busy asking its user: it is loaded with its first use, each call has a limit, and one call runs at a time, because a call
 * that hangs holds one of the few threads that all file access of this process shares.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import pLimit from 'p-limit';
import { AppError } from '../base/app-error.ts';
import { type Clock, delay } from '../base/clock.ts';
import { Secret } from '../base/secret.ts';
import type { Kept, KeptSecret, Keychain, KeychainEntry } from './keychain.ts';

/** The part of keytar in use. */
export interface Keytar {
  getPassword(service: string, account: string): Promise<string | null>;
  setPassword(service: string, account: string, password: string): Promise<void>;
  deletePassword(service: string, account: string): Promise<boolean>;
}

export interface SystemKeychainOptions {
  readonly clock: Clock;
  /** Default: keytar. */
  readonly load?: () => Promise<Keytar>;
  readonly platform?: string;
}

/** A keychain that is locked asks its user, who may be slow. */
const callTimeoutMs = 60_000;
const maxWaiting = 64;
const kept: Kept = { in: 'keychain' };

export class SystemKeychain implements Keychain {
  readonly #clock: Clock;
  readonly #load: () => Promise<Keytar>;
  readonly #platform: string;
  readonly #oneAtATime = pLimit(1);

  constructor({ clock, load, platform = process.platform }: SystemKeychainOptions) {
    this.#clock = clock;
    this.#load = load ?? (() => loadKeytar({ platform, env: process.env }));
    this.#platform = platform;
  }

  async get({ service, account }: KeychainEntry): Promise<KeptSecret | undefined> {
    const value = await this.#call((keytar) => keytar.getPassword(service, account));
    return value === null ? undefined : { secret: new Secret(value), kept };
  }

  async set({ service, account }: KeychainEntry, secret: Secret): Promise<Kept> {
    await this.#call((keytar) => keytar.setPassword(service, account, secret.reveal()));
    return kept;
  }

  delete({ service, account }: KeychainEntry): Promise<boolean> {
    return this.#call((keytar) => keytar.deletePassword(service, account));
  }

  async #call<T>(action: (keytar: Keytar) => Promise<T>): Promise<T> {
    const keytar = await this.#load().catch((cause) => {
      // Of a session without a bus, and of an executable that has no safe place to load it from.
      throw cause instanceof AppError ? cause : absent(this.#platform, cause);
    });
    if (this.#oneAtATime.pendingCount >= maxWaiting) throw unusable('too many wait for it');
    using limit = new Limit(this.#clock);
    // After its limit a call still has its turn, until it returns: what comes next waits, rather than hang beside it.
    const running = this.#oneAtATime(() => action(keytar));
    running.catch(() => {});
    return await Promise.race([running, limit.passed]).catch((error) => {
      throw error instanceof AppError ? error : unusable(firstLine(error), error);
    });
  }
}

/**
 * On Linux keytar brings libsecret and GLib into the process, 4 MiB of it: only where they would find a bus to speak on. GDBus looks for
 * these (g_dbus_address_get_for_bus_sync). Rejects with SP-KEYCHAIN where there is none.
 */
export async function loadKeytar({
  platform,
  env,
}: {
  readonly platform: string;
  readonly env: NodeJS.ProcessEnv;
}): Promise<Keytar> {
  const { DBUS_SESSION_BUS_ADDRESS, XDG_RUNTIME_DIR, DISPLAY } = env;
  const hasBus =
    DBUS_SESSION_BUS_ADDRESS || DISPLAY || (XDG_RUNTIME_DIR && existsSync(join(XDG_RUNTIME_DIR, 'bus')));
  if (platform === 'linux' && !hasBus) {
    throw new AppError('SP-KEYCHAIN', {
      message: 'this session has no D-Bus for it',
      next: 'start the daemon inside a desktop session or with dbus-run-session, or set passwords.keepIn in settings.yaml to file',
    });
  }
  // Its default export, as it is CommonJS.
  return (await import('keytar')).default;
}

class Limit implements Disposable {
  readonly #over = new AbortController();
  readonly passed: Promise<never>;

  constructor(clock: Clock) {
    this.passed = delay(clock, callTimeoutMs, this.#over.signal).then(() => {
      throw unusable(`it did not answer within ${callTimeoutMs / 1_000} s`);
    });
    this.passed.catch(() => {});
  }

  [Symbol.dispose](): void {
    this.#over.abort();
  }
}

/** keytar says of each reason that it "failed to load native addon"; on Linux it is the library that the add-on is linked to. */
function absent(platform: string, cause: unknown): AppError {
  const isLinux = platform === 'linux';
  const message = isLinux ? 'libsecret is not installed' : `there is none for ${platform} ${process.arch}`;
  const next = isLinux
    ? 'install it (Debian, Ubuntu: libsecret-1-0; Fedora, Arch: libsecret) and a keyring as gnome-keyring, then `sallyport daemon restart`; or set passwords.keepIn in settings.yaml to file'
    : undefined;
  return new AppError('SP-KEYCHAIN', { message, next }, cause);
}

function unusable(message: string, cause?: unknown): AppError {
  return new AppError('SP-KEYCHAIN', { message }, cause);
}

/** In the words of libsecret, D-Bus or the system, as "The name org.freedesktop.secrets was not provided by any .service files". */
function firstLine(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.split('\n', 1)[0]!.slice(0, 300);
}
