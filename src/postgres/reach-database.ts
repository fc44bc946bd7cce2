import { AppError } from '../base/app-error.ts';
import { backoffMs } from '../base/backoff.ts';
import { type Clock, delay } from '../base/clock.ts';
import type { Dial, Dialled, DialledPod } from './dial.ts';
import type { PlainServers } from './plain-servers.ts';
import type { ScramKeyCache } from './scram-key-cache.ts';
import { classifyRefusal, refusesCredential } from './server-error.ts';
import {
  type Attempt,
  type Credential,
  type Entered,
  enter,
  headOf,
  type Session,
  type UpstreamAccess,
} from './upstream-access.ts';
import type { Login } from './upstream-login.ts';
import type { UpstreamTls } from './upstream-tls.ts';
import { whileOpen } from './while-open.ts';

/**
 * The way into the database for one client that has proved who it is: as many attempts as the time allows. No byte of the client has left
 * yet, so each may be made again whatever became of the one before.
 */

export interface Reached {
  readonly dialled: Dialled;
  readonly entered: Extract<Entered, { kind: 'in' }>;
  readonly credential: Credential;
  readonly tls: UpstreamTls;
}

export interface ReachOptions {
  readonly access: UpstreamAccess;
  readonly session: Session;
  readonly dial: Dial;
  readonly clock: Clock;
  readonly keyCache: ScramKeyCache;
  readonly plainServers: PlainServers;
  /** Aborted with an AppError when the time is over or the client gone. */
  readonly signal: AbortSignal;
}

/** The server refused the login; `raw` is its ErrorResponse, for the client. */
export class LoginRefused extends AppError {
  readonly raw: Buffer;

  constructor({ error, raw }: Extract<Login, { kind: 'refused' }>, tried: { user: string; pod: string }) {
    const { code, details } = classifyRefusal({ error, ...tried });
    super(code, details);
    this.raw = raw;
  }
}

const firstRestMs = 100;
const maxRestMs = 1_000;
/** Streams in a row that close without a word; a server that means it shows so each time. */
const maxCloses = 5;
/** Of one database: a primary and its replicas. */
const maxServers = 16;
/** The two of a rotation, and what was there before. */
const maxCredentials = 4;

/** Rejects with a LoginRefused, an AppError that waiting does not help, or the signal's reason. */
export async function reachDatabase(options: ReachOptions): Promise<Reached> {
  const { access, session, dial, clock, keyCache, plainServers, signal } = options;
  const credentials = new Candidates(access);
  let tls: UpstreamTls | undefined;
  const met = new Set<string>();
  /** Each server is met once: the last one's refusal counts where none is of the role. */
  const turnsAway = (pod: DialledPod): boolean => {
    if (met.has(pod.uid) || met.size >= maxServers) return false;
    met.add(pod.uid);
    return access.onOtherRole?.(pod) ?? false;
  };
  /** Until it was wrong for this client: others may go on to find it right. */
  let isBelieved = true;
  let closes = 0;
  for (let failures = 0; ; ) {
    let dialled: Dialled | undefined;
    let isAssumedPlain = false;
    try {
      // Where they come from may be away for a while too: the cluster's API, or the pod that tells where its credentials are.
      const credential = await credentials.current();
      tls ??= await access.tls();
      signal.throwIfAborted();
      const asking: Attempt = { access, tls, credential, session };
      let attempt = asking;
      const head = (pod: DialledPod) => {
        isAssumedPlain = isBelieved && asking.tls.mode === 'prefer' && plainServers.has(pod);
        attempt = isAssumedPlain ? { ...asking, tls: { mode: 'disable' } } : asking;
        return headOf(attempt);
      };
      dialled = await dial({ head, signal });
      const { stream, pod } = dialled;
      const entered = await whileOpen(stream, signal, () => enter(attempt, { stream, pod, keyCache }));
      if (entered.kind === 'refused')
        throw new LoginRefused(entered, { user: credential.user, pod: pod.name });
      dialled.served();
      if (attempt.tls.mode === 'prefer' && !entered.encrypted) plainServers.note(pod);
      return { dialled, entered, credential, tls: attempt.tls };
    } catch (thrown) {
      dialled?.stream.destroy();
      signal.throwIfAborted();
      const problem = AppError.from(thrown);
      const wrongly = isAssumedPlain && !isWhatever.has(problem.code) ? dialled?.pod : undefined;
      if (wrongly) {
        isBelieved = false;
        plainServers.forget(wrongly);
      }
      // With TLS the server may have other words for this very credential.
      if (!wrongly && refusesCredential(problem) && (await credentials.next())) continue;
      if (problem.code === 'SP-DB-ROLE' && dialled && turnsAway(dialled.pod)) continue;
      closes = problem.code === 'SP-STREAM-RESET' ? closes + 1 : 0;
      if (!isOfTheWay(problem) || closes >= maxCloses) {
        // It may have TLS by now, and rules of its own for whom comes without.
        if (wrongly) continue;
        if (problem instanceof LoginRefused) dialled?.served();
        throw problem;
      }
      if (dialled?.failed(problem)) continue;
      await delay(clock, backoffMs(failures++, { firstMs: firstRestMs, maxMs: maxRestMs }), signal);
    }
  }
}

/** Said with TLS or without: to ask again would be one more wrong password, or one more connection to a full server. */
const isWhatever: ReadonlySet<string> = new Set([
  'SP-DB-PASSWORD-REFUSED',
  'SP-DB-FULL',
  'SP-HOLD-FULL',
  'SP-HOLD-TIMEOUT',
]);

/** The stream failed, or there was none, and the tunnel has not given up: not what was said on it. */
function isOfTheWay({ code, retry }: AppError): boolean {
  return retry === 'auto' && !['SP-DB-FULL', 'SP-HOLD-FULL', 'SP-HOLD-TIMEOUT'].includes(code);
}

/** Credentials in the order of trying; asked for anew, once, when all were refused. */
class Candidates {
  readonly #access: UpstreamAccess;
  #left: Credential[] | undefined;
  readonly #tried = new Set<string>();
  #isFresh = false;

  constructor(access: UpstreamAccess) {
    this.#access = access;
  }

  async current(): Promise<Credential> {
    this.#left ??= await this.#get({ fresh: false });
    const [first] = this.#left;
    if (!first) throw new AppError('SP-DB-NO-CREDENTIALS');
    return first;
  }

  /** The current one was refused. False: there is no other. */
  async next(): Promise<boolean> {
    const refused = this.#left?.shift();
    if (refused) this.#tried.add(nameOf(refused));
    if (this.#left?.length === 0 && !this.#isFresh) {
      this.#isFresh = true;
      this.#left = (await this.#get({ fresh: true })).filter((other) => !this.#tried.has(nameOf(other)));
    }
    return this.#left !== undefined && this.#left.length > 0;
  }

  async #get(how: { fresh: boolean }): Promise<Credential[]> {
    return [...(await this.#access.credentials(how))].slice(0, maxCredentials);
  }
}

function nameOf({ user, password }: Credential): string {
  return JSON.stringify([user, password?.reveal()]);
}
