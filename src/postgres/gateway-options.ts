import type { Clock } from '../base/clock.ts';
import type { CancelKeys } from './cancel-keys.ts';
import type { LocalAccess } from './client-greeting.ts';
import type { Dial, Dialled } from './dial.ts';
import type { GatewayEvent } from './gateway-event.ts';
import type { CancelKey } from './message.ts';
import type { PlainServers } from './plain-servers.ts';
import type { ScramKeyCache } from './scram-key-cache.ts';
import type { UpstreamAccess } from './upstream-access.ts';

export interface GatewayOptions {
  readonly clock: Clock;
  readonly local: LocalAccess;
  readonly upstream: UpstreamAccess;
  /** Whether replication connections may be opened (pg_basebackup, logical decoding). Never on a read-only tunnel. */
  readonly replication: 'pass' | 'refuse';
  /** How long one client waits for a way into the database. */
  readonly holdMs: number;
  /** Whether each statement is told of, with its literals removed. */
  readonly statementAudit?: boolean;
  readonly onEvent: (event: GatewayEvent, connection: number) => void;
}

export interface ServeOptions {
  readonly dial: Dial;
  /** The number by which events tell of it. */
  readonly connection: number;
  /** Whether its program is on the list of those that need no password. Default no. */
  readonly passwordless?: (() => boolean | Promise<boolean>) | undefined;
}

/** Where a CancelRequest for one connection goes. */
export interface CancelTarget {
  readonly dialled: Dialled;
  readonly key: CancelKey;
}

/** What the connections of one gateway share. */
export interface GatewayShared extends GatewayOptions {
  readonly cancelKeys: CancelKeys<CancelTarget>;
  readonly keyCache: ScramKeyCache;
  readonly plainServers: PlainServers;
  /** False: too many are being greeted. */
  enter(): boolean;
  leave(): void;
}
