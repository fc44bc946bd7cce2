import type { Clock } from '../base/clock.ts';
import type { DaemonPlaces } from '../base/daemon-places.ts';
import type { Log } from '../base/log.ts';
import type { AuditEvent, AuditedSecret } from '../contract/audit-event.ts';
import type { AuditStatus } from '../contract/audit-status.ts';
import type { ErrorData } from '../contract/error-codes.ts';
import type { ProfileSnapshot } from '../contract/profile-snapshot.ts';
import type { KubeApi } from '../kube/kube-api.ts';
import type { Keychain } from '../secret/keychain.ts';
import type { SessionEvent } from '../transport/session-dialer.ts';
import { AuditKey } from './audit-key.ts';
import { type AuditState, AuditTrail } from './audit-trail.ts';
import { ClusterIdentities } from './cluster-identities.ts';
import { GatheredEvents } from './gathered-events.ts';
import { profileEvents } from './profile-events.ts';
import { defaultKeep, type Settings } from './settings.ts';
import type { AuditSink } from './tunnel-audit.ts';
import type { TunnelDefinition } from './tunnel-definition.ts';

export interface DaemonAuditOptions {
  readonly places: Pick<DaemonPlaces, 'auditFolder'>;
  readonly settings: Settings['audit'];
  /** Of the signing key; undefined: it lasts for this run. */
  readonly keychain: Keychain | undefined;
  readonly clock: Clock;
  readonly log: Log;
  readonly version: string;
  readonly home: string;
}

/** Everything that the daemon records, in one place: what its parts tell becomes events of its log. */
export class DaemonAudit implements AuditSink, AsyncDisposable {
  /** For what may come very often. */
  readonly gathered: GatheredEvents;
  readonly #trail: AuditTrail;
  readonly #identities: ClusterIdentities;
  #profiles: ProfileSnapshot | undefined;

  constructor({ places, settings, keychain, clock, log, version, home }: DaemonAuditOptions) {
    const { auditFolder: folder } = places;
    const { days = defaultKeep.days, megabytes = defaultKeep.megabytes } = settings?.keep ?? {};
    this.#trail = new AuditTrail({
      folder,
      writer: 'daemon',
      key: new AuditKey({ keychain, folder, clock }),
      clock,
      log,
      version,
      home,
      retention: { maxAgeDays: days, maxBytes: megabytes * 1024 * 1024 },
      shippers: settings?.ship ?? [],
    });
    const append = (event: AuditEvent, atMs?: number) => this.append(event, atMs);
    this.gathered = new GatheredEvents({ clock, append });
    this.#identities = new ClusterIdentities({ log, append, gathered: this.gathered });
  }

  get unavailable(): ErrorData | undefined {
    return this.#trail.unavailable;
  }

  get status(): AuditStatus {
    return this.#trail.status;
  }

  /** See AuditTrail. */
  get stamp(): string {
    return this.#trail.stamp;
  }

  /** Opens the log; until then events wait. Never rejects. */
  start(): Promise<void> {
    return this.#trail.start();
  }

  onState(listener: (state: AuditState) => void): () => void {
    return this.#trail.onState(listener);
  }

  append(event: AuditEvent, atMs?: number): void {
    this.#trail.append(event, atMs);
  }

  whenDurable(): Promise<unknown> {
    return this.#trail.whenDurable();
  }

  userOf(api: KubeApi): string | undefined {
    return this.#identities.userOf(api);
  }

  session(event: SessionEvent, api: KubeApi): void {
    this.#identities.session(event, api);
  }

  /** The first snapshot is where changes count from. */
  profilesAre(snapshot: ProfileSnapshot): void {
    const before = this.#profiles;
    this.#profiles = snapshot;
    if (before) for (const event of profileEvents(before, snapshot)) this.append(event);
  }

  secretRead({ id }: TunnelDefinition, secret: AuditedSecret, error?: ErrorData): void {
    const profile = id.startsWith('ad-hoc/') ? undefined : id;
    const read = { event: 'secret-read', tunnel: id, profile, secret, error } as const;
    // One that fails is tried again by each client.
    if (error) this.gathered.add(read);
    else this.append(read);
  }

  /** After all that it records. */
  [Symbol.asyncDispose](): Promise<void> {
    this.gathered[Symbol.dispose]();
    return this.#trail[Symbol.asyncDispose]();
  }
}
