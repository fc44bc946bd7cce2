import type { Clock } from '../base/clock.ts';
import type { DaemonPlaces } from '../base/daemon-places.ts';
import type { Log } from '../base/log.ts';
import type { AuditEvent } from '../contract/audit-event.ts';
import { shownState } from '../contract/shown-state.ts';
import type { PortWitness } from '../engine/forwarded-port.ts';
import type { ForwardWitness } from '../engine/run-forward.ts';
import type { KubeApi } from '../kube/kube-api.ts';
import { SystemKeychain } from '../secret/system-keychain.ts';
import type { SessionEvent } from '../transport/session-dialer.ts';
import { AuditKey } from './audit-key.ts';
import { AuditTrail } from './audit-trail.ts';
import { ClusterIdentities } from './cluster-identities.ts';
import { GatheredEvents } from './gathered-events.ts';
import { defaultKeep, passwordsKeptIn, readSettings } from './settings.ts';
import { TunnelAudit } from './tunnel-audit.ts';

export interface ForwardAuditOptions {
  readonly places: Pick<DaemonPlaces, 'auditFolder' | 'settingsFile'>;
  readonly target: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly version: string;
  readonly home: string;
}

/** The record of one `forward` in the foreground, in a log of its own. It holds up nothing, and ends nothing where it cannot be written. */
export class ForwardAudit implements ForwardWitness, AsyncDisposable {
  readonly #options: ForwardAuditOptions;
  readonly #trail: AuditTrail;
  readonly #identities: ClusterIdentities;
  readonly #gathered: GatheredEvents;

  constructor(options: ForwardAuditOptions, { keepsKey, days, megabytes }: Kept) {
    const { places, clock, log, version, home } = options;
    const { auditFolder: folder } = places;
    this.#options = options;
    const keychain = keepsKey ? new SystemKeychain({ clock }) : undefined;
    this.#trail = new AuditTrail({
      folder,
      writer: 'forward',
      key: new AuditKey({ keychain, folder, clock }),
      clock,
      log,
      version,
      home,
      retention: { maxAgeDays: days, maxBytes: megabytes * 1024 * 1024 },
      shippers: [],
    });
    const append = (event: AuditEvent, atMs?: number) => this.#trail.append(event, atMs);
    this.#gathered = new GatheredEvents({ clock, append });
    this.#identities = new ClusterIdentities({ log, append, gathered: this.#gathered });
  }

  /** Rejects with SP-USAGE where the settings cannot be read. */
  static async open(options: ForwardAuditOptions): Promise<ForwardAudit> {
    const settings = await readSettings(options.places.settingsFile);
    const { days = defaultKeep.days, megabytes = 256 } = settings.audit?.keep ?? {};
    const keepsKey = passwordsKeptIn(settings) === 'keychain';
    const opened = new ForwardAudit(options, { keepsKey, days, megabytes });
    void opened.#trail.start();
    return opened;
  }

  get stamp(): string {
    return this.#trail.stamp;
  }

  session(event: SessionEvent, api: KubeApi): void {
    this.#identities.session(event, api);
  }

  port(port: string, api: KubeApi): PortWitness {
    const { clock, target } = this.#options;
    // Of each it is known when it was: it may be told later.
    const audit = new TunnelAudit({
      sink: {
        append: (event, atMs) => this.#trail.append(event, atMs),
        userOf: (of) => this.#identities.userOf(of),
        gathered: this.#gathered,
      },
      clock,
      id: `forward/${target}:${port}`,
      profile: undefined,
      api: () => api,
    });
    return {
      bound: (local, atMs) =>
        audit.opened({ profile: { target, namespace: api.namespace } }, { local, by: 'asked', atMs }),
      state: ({ atMs, state }) => audit.state({ atMs, state, shown: shownState('on', state) }),
      connection: (event) => audit.connection(event),
      closed: (atMs) => audit.closed('asked', atMs),
    };
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#gathered[Symbol.dispose]();
    return this.#trail[Symbol.asyncDispose]();
  }
}

interface Kept {
  readonly keepsKey: boolean;
  readonly days: number;
  readonly megabytes: number;
}
