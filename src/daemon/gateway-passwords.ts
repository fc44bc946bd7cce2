import { randomBytes } from 'node:crypto';
import * as z from 'zod';
import { AppError } from '../base/app-error.ts';
import type { Clock } from '../base/clock.ts';
import { parseDurationMs } from '../base/duration.ts';
import type { Log } from '../base/log.ts';
import { Secret } from '../base/secret.ts';
import type { Profile } from '../contract/profile.ts';
import { makeVerifier, type ScramVerifier } from '../postgres/scram.ts';
import type { Kept, Keychain } from '../secret/keychain.ts';
import { parsedJson, tunnelEntry } from './tunnel-entry.ts';

/** 144 bits, 24 characters that need no quoting anywhere. */
const passwordBytes = 18;
const service = 'sallyport tunnel';

/** What is kept. Times are ms since the epoch. */
const keptSchema = z.strictObject({
  password: z.string(),
  madeAtMs: z.number(),
  /** As its user has said; the profile may say sooner. */
  expiresAtMs: z.number().optional(),
});

/** Whose password it is. */
export interface GatewayTunnel {
  readonly id: string;
  readonly name: string;
  readonly profile: { readonly policy?: Profile['policy'] };
}

interface Known {
  readonly secret: Secret;
  readonly kept: Kept;
  readonly verifier: ScramVerifier;
  readonly madeAtMs: number;
  readonly expiresAtMs: number | undefined;
}

/** A tunnel's password as its profile has it. */
export interface GatewayPassword extends Known {
  /** It lets nobody in any more. */
  readonly isExpired: boolean;
}

export interface GivePassword {
  /** A new one in any case. */
  readonly rotate?: boolean;
  /** It is good for so long from now on. Default: as long as it was, a new one for as long as the profile says. */
  readonly expiresInMs?: number | undefined;
}

export interface GatewayPasswordsOptions {
  readonly keychain: Keychain;
  readonly clock: Pick<Clock, 'wallMs'>;
  readonly log: Log;
}

/**
 * The passwords by which local programs log in at gateways: one a tunnel, made when it is first needed. Each is good on this machine, for this user and
 * this tunnel alone. What is checked against at a login is in memory, so that a login never waits for the keychain.
 */
export class GatewayPasswords {
  readonly #options: GatewayPasswordsOptions;
  readonly #known = new Map<string, Promise<Known>>();
  /** What the keychain has last given or taken. */
  readonly #good = new Map<string, Known>();

  constructor(options: GatewayPasswordsOptions) {
    this.#options = options;
  }

  /** The one to check logins against, expired or not. Rejects with SP-KEYCHAIN and SP-PASSPHRASE-REQUIRED. */
  async of(tunnel: GatewayTunnel): Promise<GatewayPassword> {
    const known = this.#known.get(tunnel.id) ?? this.#remember(tunnel, this.#keptOrNew(tunnel));
    return this.#asOf(tunnel, await known);
  }

  /**
   * The one to log in with: a new one where that is asked for, or where the one before has expired; that one lets nobody in any more. Rejects as
   * `of` does, and with SP-USAGE for a life that the profile does not allow.
   */
  async give(
    tunnel: GatewayTunnel,
    { rotate = false, expiresInMs }: GivePassword = {},
  ): Promise<GatewayPassword> {
    const allowedMs = lifetimeOf(tunnel);
    if (expiresInMs !== undefined && allowedMs !== undefined && expiresInMs > allowedMs)
      throw new AppError('SP-USAGE', {
        message: `the profile of ${tunnel.name} allows its local password ${tunnel.profile.policy?.localPasswordLifetime} at most`,
        next: `sallyport password ${tunnel.name} --local --rotate  makes one that is good for so long`,
      });
    const before = this.#known.get(tunnel.id);
    return this.#asOf(
      tunnel,
      await this.#remember(tunnel, this.#next(tunnel, before, { rotate, expiresInMs })),
    );
  }

  /** When it ends, ms since the epoch; undefined: never, or it has not been needed yet by this daemon. */
  expiresAtMs(tunnel: GatewayTunnel): number | undefined {
    const known = this.#good.get(tunnel.id);
    return known && this.#asOf(tunnel, known).expiresAtMs;
  }

  /** After what is being done: of two that find it expired the second has the new one of the first. */
  async #next(
    tunnel: GatewayTunnel,
    before: Promise<Known> | undefined,
    { rotate, expiresInMs }: GivePassword,
  ): Promise<Known> {
    const known = await before?.catch(() => undefined);
    const nowMs = this.#options.clock.wallMs();
    const expiresAtMs = expiresInMs === undefined ? undefined : nowMs + expiresInMs;
    if (rotate) return this.#make(tunnel, expiresAtMs);
    const found = known ?? (await this.#keptOrNew(tunnel));
    if (this.#asOf(tunnel, found).isExpired) return this.#make(tunnel, expiresAtMs);
    if (expiresAtMs === undefined) return found;
    return { ...found, kept: await this.#keep(tunnel, { ...found, expiresAtMs }), expiresAtMs };
  }

  #remember(tunnel: GatewayTunnel, made: Promise<Known>): Promise<Known> {
    const { id } = tunnel;
    this.#known.set(id, made);
    made.then(
      (known) => void this.#good.set(id, known),
      () => {
        if (this.#known.get(id) !== made) return;
        // What was good stays good.
        const good = this.#good.get(id);
        if (good) this.#known.set(id, Promise.resolve(good));
        else this.#known.delete(id);
      },
    );
    return made;
  }

  async #keptOrNew(tunnel: GatewayTunnel): Promise<Known> {
    const found = await this.#options.keychain.get(tunnelEntry(service, tunnel));
    const read = found && keptSchema.safeParse(parsedJson(found.secret)).data;
    // What somebody else has put there is as good as nothing.
    if (!found || !read) return this.#make(tunnel, undefined);
    const secret = new Secret(read.password);
    const { madeAtMs, expiresAtMs } = read;
    return { secret, kept: found.kept, verifier: await makeVerifier(secret), madeAtMs, expiresAtMs };
  }

  async #make(tunnel: GatewayTunnel, expiresAtMs: number | undefined): Promise<Known> {
    const secret = new Secret(randomBytes(passwordBytes).toString('base64url'));
    const madeAtMs = this.#options.clock.wallMs();
    const kept = await this.#keep(tunnel, { secret, madeAtMs, expiresAtMs });
    this.#options.log.info('password of the tunnel made', { tunnel: tunnel.id, ...kept });
    return { secret, kept, verifier: await makeVerifier(secret), madeAtMs, expiresAtMs };
  }

  #keep(
    tunnel: GatewayTunnel,
    { secret, madeAtMs, expiresAtMs }: Pick<Known, 'secret' | 'madeAtMs' | 'expiresAtMs'>,
  ): Promise<Kept> {
    const value = { password: secret.reveal(), madeAtMs, expiresAtMs } satisfies z.infer<typeof keptSchema>;
    return this.#options.keychain.set(tunnelEntry(service, tunnel), new Secret(JSON.stringify(value)));
  }

  /** The profile's limit counts from when it was made; the sooner of the two ends it. */
  #asOf(tunnel: GatewayTunnel, known: Known): GatewayPassword {
    const lifetimeMs = lifetimeOf(tunnel);
    const ends = [known.expiresAtMs, lifetimeMs === undefined ? undefined : known.madeAtMs + lifetimeMs];
    const expiresAtMs = Math.min(...ends.map((end) => end ?? Number.POSITIVE_INFINITY));
    return {
      ...known,
      expiresAtMs: Number.isFinite(expiresAtMs) ? expiresAtMs : undefined,
      isExpired: this.#options.clock.wallMs() >= expiresAtMs,
    };
  }
}

function lifetimeOf({ profile }: GatewayTunnel): number | undefined {
  const { localPasswordLifetime } = profile.policy ?? {};
  return localPasswordLifetime === undefined ? undefined : parseDurationMs(localPasswordLifetime);
}

/** Throws SP-USAGE for a tunnel that passes bytes on. */
export function refuseOwnPassword({ name }: Pick<GatewayTunnel, 'name'>): never {
  throw new AppError('SP-USAGE', {
    message: `${name} has no password of its own: its bytes are passed on`,
    next: `sallyport profile edit ${name} --password keychain  lets it have one, where it is of kind postgres`,
  });
}
