/**
 * What the user has agreed to. Trust boundary: a profile of another's starts only when this file holds the hash of its content and
 * source. A file that is absent, damaged or of another format agrees to nothing; it is then written anew at the next agreement.
 */
import { chmod, mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import pLimit from 'p-limit';
import * as z from 'zod';
import { AppError } from '../base/app-error.ts';
import type { Clock } from '../base/clock.ts';
import { readBounded } from '../base/read-bounded.ts';
import { replaceFile } from '../base/replace-file.ts';
import { type Profile, profileSchema } from '../contract/profile.ts';
import type { ProfileTrust } from '../contract/profile-snapshot.ts';
import { diffValues, type ProfileIdentity, profileHash } from './canonical.ts';

const maxTrustBytes = 16 * 1024 * 1024;
const maxAgreements = 10_000;

const agreementSchema = z.object({
  origin: z.string(),
  name: z.string(),
  hash: z.string(),
  /** As it was agreed to: what a change is shown against. */
  profile: profileSchema,
  atMs: z.number(),
});
const trustFileSchema = z.object({
  version: z.literal(1),
  agreements: z.array(agreementSchema).max(maxAgreements),
});

type Agreement = z.infer<typeof agreementSchema>;

export class TrustStore {
  readonly #path: string;
  readonly #clock: Clock;
  /** One change after another: each reads what the one before wrote. */
  readonly #turn = pLimit(1);
  #agreements = new Map<string, Agreement>();

  constructor(path: string, clock: Clock) {
    this.#path = path;
    this.#clock = clock;
  }

  /** Reads the file anew: another process of the user may have written it. */
  async load(): Promise<void> {
    await this.#turn(() => this.#read());
  }

  judge(identity: ProfileIdentity, profile: Profile): ProfileTrust {
    const agreed = this.#agreements.get(keyOf(identity));
    if (!agreed) return { kind: 'untrusted' };
    // The stored hash is not believed: what counts is what the stored content would hash to.
    if (profileHash(identity, agreed.profile) !== agreed.hash) return { kind: 'untrusted' };
    if (agreed.hash === profileHash(identity, profile)) return { kind: 'trusted' };
    return { kind: 'changed', changes: diffValues(agreed.profile, profile) };
  }

  /** On the disk when it returns. Throws SP-PROFILE-LIMIT when the user has agreed to too many, and what the file system throws. */
  agree(identity: ProfileIdentity, profile: Profile): Promise<void> {
    return this.#change((agreements) => {
      const hash = profileHash(identity, profile);
      agreements.set(keyOf(identity), { ...identity, hash, profile, atMs: this.#clock.wallMs() });
      if (agreements.size > maxAgreements) {
        throw new AppError('SP-PROFILE-LIMIT', {
          what: 'profiles that were agreed to',
          limit: maxAgreements,
        });
      }
    });
  }

  /** Forgets an agreement; nothing when there is none. */
  withdraw(identity: ProfileIdentity): Promise<void> {
    return this.#change((agreements) => void agreements.delete(keyOf(identity)));
  }

  #change(change: (agreements: Map<string, Agreement>) => void): Promise<void> {
    return this.#turn(async () => {
      await this.#read();
      const next = new Map(this.#agreements);
      change(next);
      await mkdir(dirname(this.#path), { recursive: true, mode: 0o700 });
      const text = JSON.stringify({ version: 1, agreements: [...next.values()] } satisfies z.infer<
        typeof trustFileSchema
      >);
      await replaceFile(this.#path, `${text}\n`);
      await chmod(this.#path, 0o600);
      this.#agreements = next;
    });
  }

  async #read(): Promise<void> {
    const file = await readBounded(this.#path, maxTrustBytes);
    const agreements = file.kind === 'text' ? parse(file.text) : [];
    this.#agreements = new Map(agreements.map((agreement) => [keyOf(agreement), agreement]));
  }
}

function parse(text: string): Agreement[] {
  try {
    return trustFileSchema.safeParse(JSON.parse(text)).data?.agreements ?? [];
  } catch {
    return [];
  }
}

function keyOf({ origin, name }: ProfileIdentity): string {
  return JSON.stringify([origin, name]);
}
