import type { Log } from '../base/log.ts';
import type { AuditEvent } from '../contract/audit-event.ts';
import { whoAmI } from '../kube/access-review.ts';
import type { KubeApi } from '../kube/kube-api.ts';
import type { SessionEvent } from '../transport/session-dialer.ts';
import type { GatheredEvents } from './gathered-events.ts';
import { auditedPod } from './tunnel-audit.ts';

export interface ClusterIdentitiesOptions {
  readonly log: Log;
  readonly append: (event: AuditEvent, atMs?: number) => void;
  /** For what may come very often. */
  readonly gathered: Pick<GatheredEvents, 'add'>;
}

/**
 * Whom the clusters take the user for, and the sessions that are recorded with that. Asked once a session is open: credentials work then,
 * and nobody waits for the answer.
 */
export class ClusterIdentities {
  readonly #users = new WeakMap<KubeApi, { readonly user: string | undefined } | 'asking'>();
  readonly #log: Log;
  readonly #append: (event: AuditEvent, atMs?: number) => void;
  readonly #gathered: Pick<GatheredEvents, 'add'>;

  constructor({ log, append, gathered }: ClusterIdentitiesOptions) {
    this.#log = log;
    this.#append = append;
    this.#gathered = gathered;
  }

  /** Undefined until it is known, and of servers that do not tell. */
  userOf(api: KubeApi): string | undefined {
    const known = this.#users.get(api);
    return known === 'asking' ? undefined : known?.user;
  }

  /** Records a session: its Audit-ID is in the API server's audit log too. */
  session(event: SessionEvent, api: KubeApi): void {
    const { auditId, atMs } = event;
    const pod = auditedPod(event.pod);
    if (event.kind === 'closed') {
      const { served, error } = event;
      return this.#append({ event: 'session-closed', auditId, pod, served, error }, atMs);
    }
    const of = { auditId, cluster: api.server, user: this.userOf(api), pod };
    // Credentials work then too: the API server knows whom it refused.
    if (event.kind === 'denied') this.#gathered.add({ event: 'session-denied', ...of, error: event.error });
    else this.#append({ event: 'session-opened', ...of }, atMs);
    void this.#learn(api);
  }

  /** Asks where nobody has yet, or the user may be another. */
  async #learn(api: KubeApi): Promise<void> {
    if (this.#users.has(api)) return;
    this.#users.set(api, 'asking');
    const forget = api.onChange((change) => {
      if (change !== 'replaced') return;
      this.#users.delete(api);
      forget();
    });
    try {
      const { user, groups } = await whoAmI(api);
      if (this.#users.get(api) !== 'asking') return;
      this.#users.set(api, { user });
      if (user === undefined) return;
      this.#append({
        event: 'identity',
        cluster: api.server,
        context: api.contextName,
        user,
        groups: [...groups],
      });
    } catch (error) {
      // The next session asks again.
      if (this.#users.get(api) === 'asking') this.#users.delete(api);
      forget();
      this.#log.debug('identity not known', { error: String(error) });
    }
  }
}
