import { createHash } from 'node:crypto';
import * as z from 'zod';
import { AppError } from '../base/app-error.ts';
import type { Clock, Timer } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import { Secret } from '../base/secret.ts';
import type { AuditedSecret } from '../contract/audit-event.ts';
import type { PasswordOrigin } from '../contract/control-password.ts';
import type { Question, QuestionAnswer } from '../contract/control-question.ts';
import type { SslMode } from '../credential/credential-text.ts';
import { canonicalJson } from '../profile/canonical.ts';
import type { Kept, Keychain } from '../secret/keychain.ts';
import { isLocal, type LocalSource, localPassword, type PasswordSource } from '../secret/local-password.ts';
import type { ClusterChoice, ClusterLease, ClusterPool } from './cluster-pool.ts';
import { type LocatedCredential, PasswordFinder } from './found-password.ts';
import type { QuestionBoard, QuestionDraft } from './question-board.ts';
import { type OnRead, recordedRead } from './recorded-read.ts';
import { readSecretPassword } from './secret-password.ts';
import { isOthers, type TunnelDefinition } from './tunnel-definition.ts';
import { parsedJson, tunnelEntry } from './tunnel-entry.ts';

export interface PasswordsOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly env: Readonly<NodeJS.ProcessEnv>;
  readonly home: string;
  readonly clusters: Pick<ClusterPool, 'lease'>;
  /** Rejects with SP-CLUSTER-* and SP-KUBECONFIG-*. */
  readonly contextOf: (definition: TunnelDefinition) => Promise<ClusterChoice>;
  readonly questions: QuestionBoard;
  /** Where passwords are kept that were asked for. */
  readonly keychain: Keychain;
  readonly onRead?: OnRead;
  /** Opens it, where it rejects with SP-PASSPHRASE-REQUIRED. */
  readonly unlock?: ((passphrase: Secret) => Promise<void>) | undefined;
}

/** Something has to be answered first; then it is to be tried again. */
export interface AskedFirst {
  readonly kind: 'asked';
  readonly question: Question;
}

export type FoundPassword =
  | { readonly kind: 'none' }
  | {
      readonly kind: 'found';
      readonly password: Secret;
      readonly origin: PasswordOrigin;
      readonly user: string | undefined;
      /** Where what was found names it. */
      readonly database?: string | undefined;
      readonly sslmode?: SslMode | undefined;
      readonly host?: string | undefined;
    }
  | AskedFirst;

/** `ask`: somebody is there who may be asked. */
export interface Asking {
  readonly ask: boolean;
}

type ClusterSource = Extract<PasswordSource, { secret: unknown } | { configMap: unknown }>;

const service = 'sallyport';
/** A question that nobody answers goes: who asked has gone too. */
const questionMs = 600_000;

/** What is kept: the password, and what it was given for. */
const keptSchema = z.strictObject({ for: z.string(), password: z.string() });

/**
 * The passwords that profiles name. Trust boundary: only a profile that may start has its password read, and only one of the user's own file
 * names programs, variables and files of this machine. A password is read when it is asked for, so that a rotated Secret counts at once,
 * and is nowhere but in what is answered: the log has which was read, never what.
 */
export class Passwords implements Disposable {
  readonly #options: PasswordsOptions;
  readonly #timers = new Map<string, Timer>();
  readonly #finder = new PasswordFinder();

  constructor(options: PasswordsOptions) {
    this.#options = options;
  }

  /**
   * Rejects with why the profile may not start, SP-PASSWORD-REQUIRED and SP-PASSPHRASE-REQUIRED where nobody is to be asked, and as the
   * source does: SP-SECRET-*, SP-FORBIDDEN, SP-PASSWORD-SOURCE and others.
   */
  async find(
    definition: TunnelDefinition,
    { signal, ...asking }: Asking & { readonly signal: AbortSignal },
  ): Promise<FoundPassword> {
    mayStart(definition);
    const { log, env, home } = this.#options;
    const { id, origin: from, profile } = definition;
    const { user, password: source } = profile.connection ?? {};
    if (!source) return { kind: 'none' };
    if (!isLocal(source) && !('keychain' in source)) {
      const found = await this.#inCluster(definition, source, signal);
      return { ...found, user: user ?? found.user };
    }
    if ('keychain' in source) return this.#inKeychain(definition, asking);
    const isOwn = from.kind === 'profile' && from.sourceKind === 'user';
    const found = await this.#recorded(definition, auditedSource(source), () =>
      localPassword(source, { isOwn, env, home, cwd: home, signal }),
    );
    const kind = 'command' in source ? 'command' : 'file' in source ? 'file' : 'environment';
    log.info('password read', { tunnel: id, from: kind });
    return { kind: 'found', ...found, origin: { kind }, user: user ?? found.user };
  }

  /** Rejects with SP-USAGE where the profile does not name the keychain, SP-KEYCHAIN, SP-PASSPHRASE-REQUIRED. */
  keep(definition: TunnelDefinition, password: Secret, asking: Asking): Promise<AskedFirst | Kept> {
    mustNameKeychain(definition);
    return this.unlocked(definition, asking, () => this.#keep(definition, password));
  }

  /** Where a Secret that is to be found is, without reading it. Rejects as `find` does. */
  locate(definition: TunnelDefinition, lease: ClusterLease, signal: AbortSignal): Promise<LocatedCredential> {
    return this.#finder.locate(definition, lease, signal);
  }

  /** Resolves with whether something was kept, whatever the profile says now. Rejects with SP-KEYCHAIN, SP-PASSPHRASE-REQUIRED. */
  async forget(definition: TunnelDefinition, asking: Asking): Promise<AskedFirst | boolean> {
    const { keychain, log } = this.#options;
    const wasKept = await this.unlocked(definition, asking, () =>
      keychain.delete(tunnelEntry(service, definition)),
    );
    if (wasKept === true) log.info('password forgotten', { tunnel: definition.id });
    return wasKept;
  }

  [Symbol.dispose](): void {
    for (const timer of this.#timers.values()) timer.cancel();
    this.#timers.clear();
  }

  /** The schema gives a profile no way to name another namespace than its target's. */
  async #inCluster(definition: TunnelDefinition, source: ClusterSource, signal: AbortSignal) {
    const { clusters, contextOf } = this.#options;
    using lease = await clusters.lease(await contextOf(definition), () => false);
    const namespace = definition.profile.namespace ?? lease.api.namespace;
    const isConfigMap = 'configMap' in source;
    const place = isConfigMap ? source.configMap : source.secret;
    if (place === 'auto') return await this.#found(definition, lease, signal);
    const at = { namespace, ...place };
    const audited = { kind: isConfigMap ? 'config-map' : 'kubernetes', ...at } as const;
    const found = await this.#recorded(definition, audited, () =>
      readSecretPassword(lease.api, { ...at, kind: isConfigMap ? 'ConfigMap' : 'Secret' }, signal),
    );
    const origin: PasswordOrigin = { kind: isConfigMap ? 'config-map' : 'secret', ...at };
    this.#options.log.info('password read', { tunnel: definition.id, from: origin.kind, ...at });
    return { kind: 'found', ...found, origin } as const;
  }

  async #found(definition: TunnelDefinition, lease: ClusterLease, signal: AbortSignal) {
    const { log, onRead } = this.#options;
    const namespace = definition.profile.namespace ?? lease.api.namespace;
    const { candidate, layout, ...found } = await this.#finder.find(definition, lease, signal);
    const at = { namespace, name: candidate.secret, key: candidate.passwordKey };
    onRead?.(definition, { kind: 'kubernetes', ...at });
    log.info('password read', { tunnel: definition.id, from: 'secret', ...at, layout, why: candidate.why });
    return { kind: 'found', ...found, origin: { kind: 'secret', ...at } as PasswordOrigin } as const;
  }

  #recorded<T>(definition: TunnelDefinition, secret: AuditedSecret, read: () => Promise<T>): Promise<T> {
    return recordedRead({ definition, secret, onRead: this.#options.onRead }, read);
  }

  async #inKeychain(definition: TunnelDefinition, asking: Asking): Promise<FoundPassword> {
    const { keychain, log } = this.#options;
    const { id, name, profile } = definition;
    const user = profile.connection?.user;
    const secret = { kind: 'keychain', account: tunnelEntry(service, definition).account } as const;
    const found = await this.unlocked(definition, asking, async () => ({
      entry: await keychain.get(tunnelEntry(service, definition)),
    })).catch((error) => {
      this.#options.onRead?.(definition, secret, AppError.from(error).toData());
      throw error;
    });
    if ('kind' in found) return found;
    const password = found.entry && passwordFor(definition, found.entry.secret);
    if (found.entry && password) {
      const { kept } = found.entry;
      this.#options.onRead?.(definition, secret);
      log.info('password read', { tunnel: id, from: 'keychain', keptIn: kept.in });
      return { kind: 'found', password, origin: { kind: 'keychain', kept }, user };
    }
    if (!asking.ask) throw new AppError('SP-PASSWORD-REQUIRED', { tunnel: name });
    return this.#ask({ kind: 'password', tunnel: id, user }, async (answer) => {
      if (answer.kind === 'password') await this.#keep(definition, new Secret(answer.password));
    });
  }

  async #keep(definition: TunnelDefinition, password: Secret): Promise<Kept> {
    const { keychain, log, questions } = this.#options;
    const value = { for: purposeOf(definition), password: password.reveal() } satisfies z.infer<
      typeof keptSchema
    >;
    const kept = await keychain.set(tunnelEntry(service, definition), new Secret(JSON.stringify(value)));
    log.info('password kept', { tunnel: definition.id, ...kept });
    // Whoever else waits for the answer has it now.
    for (const { id, kind } of questions.of(definition.id)) if (kind === 'password') this.#withdraw(id);
    return kept;
  }

  /** Does what needs the keychain, or asks for its passphrase first. */
  async unlocked<T>(
    { id }: TunnelDefinition,
    { ask }: Asking,
    action: () => Promise<T>,
  ): Promise<T | AskedFirst> {
    try {
      return await action();
    } catch (error) {
      const { unlock } = this.#options;
      const isLocked = error instanceof AppError && error.code === 'SP-PASSPHRASE-REQUIRED';
      if (!isLocked || !ask || !unlock) throw error;
      const isNew = error.details.isNew === true;
      return this.#ask({ kind: 'passphrase', tunnel: id, isNew }, async (answer) => {
        if (answer.kind === 'passphrase') await unlock(new Secret(answer.passphrase));
      });
    }
  }

  /** What is asked already is not asked twice: one passphrase for all, one password for each tunnel. */
  #ask(draft: QuestionDraft, answered: (answer: QuestionAnswer) => Promise<void>): AskedFirst {
    const { questions, clock } = this.#options;
    const isSame = ({ kind, tunnel }: Question) =>
      kind === draft.kind && (kind === 'passphrase' || tunnel === draft.tunnel);
    const known = questions.all.find(isSame);
    if (known) return { kind: 'asked', question: known };
    const id = questions.ask(draft, answered);
    this.#timers.set(
      id,
      clock.after(questionMs, () => this.#withdraw(id)),
    );
    const question = questions.all.find((each) => each.id === id)!;
    return { kind: 'asked', question };
  }

  #withdraw(id: string): void {
    this.#timers.get(id)?.cancel();
    this.#timers.delete(id);
    this.#options.questions.withdraw(id);
  }
}

/** A stranger's profile must not choose what is read, nor from where. */
export function mayStart({ problem }: TunnelDefinition): void {
  if (problem && problem.code !== 'SP-PROFILE-OFF') throw new AppError(problem.code, problem.details);
}

/**
 * Of a profile that others wrote the database's password goes out by SCRAM or over verified TLS alone, which the gateway sees to and a program of
 * anybody's does not. Throws why the profile may not start, and SP-PASSWORD-WITHHELD.
 */
export function refuseUnseen(definition: TunnelDefinition): void {
  mayStart(definition);
  const { name, profile } = definition;
  if (!isOthers(definition) || profile.kind !== 'postgres' || !profile.connection?.password) return;
  throw new AppError('SP-PASSWORD-WITHHELD', { tunnel: name });
}

/** Of a command its program alone: arguments may say more than a record should. */
function auditedSource(source: LocalSource): AuditedSecret {
  if ('command' in source) return { kind: 'command', program: source.command[0] ?? '' };
  if ('file' in source) return { kind: 'file', path: source.file };
  return { kind: 'environment', variable: source.environment };
}

function mustNameKeychain(definition: TunnelDefinition): void {
  mayStart(definition);
  const { name, profile } = definition;
  const source = profile.connection?.password;
  if (source && 'keychain' in source) return;
  const elsewhere = source && placeOf(source);
  throw new AppError('SP-USAGE', {
    message: `no password is kept for ${name}: its profile ${elsewhere ? `takes one from ${elsewhere}` : 'does not say where one is'}`,
    next: `sallyport profile edit ${name} --password keychain`,
  });
}

function placeOf(source: PasswordSource): string {
  if ('configMap' in source) return `the ConfigMap ${source.configMap.name}`;
  if (!('secret' in source)) return 'this machine';
  return source.secret === 'auto' ? 'the Secret of its database' : `the Secret ${source.secret.name}`;
}

/**
 * What a password was typed for. A profile that leads elsewhere, or logs in as another, is asked for anew: what was meant for one database
 * is never sent to another, also where somebody agreed in haste to a change.
 */
function purposeOf({ access, profile }: TunnelDefinition): string {
  const { namespace, target, port, connection } = profile;
  const text = canonicalJson({ access, namespace, target, port, user: connection?.user });
  return createHash('sha256').update(text).digest('hex');
}

function passwordFor(definition: TunnelDefinition, value: Secret): Secret | undefined {
  const parsed = keptSchema.safeParse(parsedJson(value));
  if (!parsed.success || parsed.data.for !== purposeOf(definition)) return undefined;
  return new Secret(parsed.data.password);
}
