import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import { AppError } from '../base/app-error.ts';
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { Profile } from '../contract/profile.ts';
import { Gateway } from '../postgres/gateway.ts';
import type { GatewayEvent } from '../postgres/gateway-event.ts';
import type { Credential } from '../postgres/upstream-access.ts';
import type { UpstreamTls } from '../postgres/upstream-tls.ts';
import type { Intermediary, IntermediaryClient, Served } from '../tunnel/intermediary.ts';
import type { GatewayPasswords } from './gateway-passwords.ts';
import type { Passwords } from './passwords.ts';
import type { TunnelDefinition } from './tunnel-definition.ts';

/** What a tunnel's gateway needs of the daemon. */
export interface GatewayHost {
  readonly clock: Clock;
  readonly passwords: Pick<Passwords, 'find' | 'certificates'>;
  readonly gatewayPasswords: Pick<GatewayPasswords, 'of'>;
}

export interface TunnelGatewayOptions {
  readonly host: GatewayHost;
  readonly definition: TunnelDefinition;
  readonly log: Log;
  /** Who logged in, as whom and where, what was refused and, by policy, each statement. `connection` is the number of the tunnel's own events. */
  readonly onSession: (event: GatewayEvent, connection: number) => void;
  /** Something about the database that its user should know: once for each. */
  readonly onNotice: (notice: string) => void;
}

/** As long as the tunnel holds, which says why nothing came of it, and a little longer. */
const holdMs = 61_000;
const readTimeoutMs = 30_000;
/** Of this process: hides which names exist. */
const mockSeed = randomBytes(32);

/**
 * The gateway of one run of a tunnel: what the profile says as what the gateway asks for. Trust boundary: the real password is read with the user's own rights,
 * kept in memory while the tunnel runs, and sent to nobody but the database; a profile that others wrote sends it by SCRAM or over verified TLS alone.
 */
export class TunnelGateway implements Intermediary {
  readonly #options: TunnelGatewayOptions;
  readonly #gateway: Gateway;
  readonly #told = new Set<string>();
  /** The newest first, and the one before it: of two that take turns one is still good. */
  #credentials: Promise<readonly Credential[]> | undefined;
  #tls: Promise<UpstreamTls> | undefined;

  constructor(options: TunnelGatewayOptions) {
    this.#options = options;
    const { host, definition } = options;
    const { connection, policy } = definition.profile;
    const { origin, name } = definition;
    const isOwn = origin.kind === 'ad-hoc' || origin.sourceKind === 'user';
    this.#gateway = new Gateway({
      clock: host.clock,
      local: {
        user: connection?.user,
        verifier: () =>
          host.gatewayPasswords.of(definition).then(
            ({ verifier }) => verifier,
            (error) => this.#cannotCheck(AppError.from(error)),
          ),
        tls: undefined,
        hint: `\`sallyport copy ${name}\` copies it, \`sallyport password ${name} --local\` prints it.`,
        mockSeed,
      },
      upstream: {
        credentials: ({ fresh }) => this.#find(fresh),
        tls: () => this.#upstreamTls(),
        passwordPolicy: isOwn ? 'any-hashed' : 'scram-or-verified-tls',
        readOnly: policy?.readOnly ?? false,
        forbids: { trust: policy?.trust === 'forbid', superuser: policy?.superuser === 'forbid' },
      },
      replication: 'pass',
      statementAudit: policy?.statementAudit ?? false,
      holdMs,
      onEvent: (event, number) => this.#onEvent(event, number),
    });
  }

  serve(socket: Socket, client: IntermediaryClient): Served {
    return this.#gateway.serve(socket, client);
  }

  #onEvent(event: GatewayEvent, connection: number): void {
    const { log, onSession } = this.#options;
    switch (event.kind) {
      case 'login': {
        const { user, role, database, applicationName: application, pod, method, encrypted } = event;
        log.info('logged in', {
          connection,
          user,
          role,
          database,
          application,
          pod: pod.name,
          method,
          ...encrypted,
        });
        this.#notice(event);
        break;
      }
      case 'login-failed':
        log.warn('login failed', {
          connection,
          database: event.database,
          code: event.error.code,
          ...event.error.details,
        });
        // The CA may have been renewed.
        if (event.error.code === 'SP-DB-TLS') this.#tls = undefined;
        break;
      case 'denied':
        log.warn('client denied', { connection, why: event.why, user: event.user });
        break;
      case 'statement-refused':
        log.warn('statement refused', { connection, why: event.why });
        break;
      case 'statement':
      case 'cancel':
        // On record, where there is anything to record.
        break;
    }
    onSession(event, connection);
  }

  #notice({ letsAnyoneIn, superuser, role }: Extract<GatewayEvent, { kind: 'login' }>): void {
    const notices = [
      letsAnyoneIn &&
        'the database lets in without a password whoever comes through a port-forward: pg_hba.conf trusts 127.0.0.1, as of the official image (policy.trust: forbid refuses it)',
      superuser &&
        `the role ${role} is a superuser: name the application's own role (policy.superuser: forbid refuses it)`,
    ];
    for (const notice of notices) {
      if (!notice || this.#told.has(notice)) continue;
      this.#told.add(notice);
      this.#options.log.warn('notice', { notice });
      this.#options.onNotice(notice);
    }
  }

  #cannotCheck(error: AppError): undefined {
    this.#options.log.warn('the password of the tunnel cannot be read', {
      code: error.code,
      ...error.details,
    });
    return undefined;
  }

  /** Read once and kept while it is good: a read for each connection would cost a round trip to the cluster. */
  #find(fresh: boolean): Promise<readonly Credential[]> {
    const before = this.#credentials;
    if (before && !fresh) return before;
    const found = this.#read(before);
    this.#credentials = found;
    found.catch(() => {
      if (this.#credentials === found) this.#credentials = before;
    });
    return found;
  }

  async #read(before: Promise<readonly Credential[]> | undefined): Promise<readonly Credential[]> {
    const { host, definition } = this.#options;
    const signal = AbortSignal.timeout(readTimeoutMs);
    const [older = []] = await Promise.all([before?.catch(() => [])]);
    const found = await host.passwords.find(definition, { ask: false, signal });
    if (found.kind !== 'found') throw new AppError('SP-DB-NO-CREDENTIALS');
    const { user = found.user } = definition.profile.connection ?? {};
    if (user === undefined)
      throw new AppError('SP-DB-NO-CREDENTIALS', {
        message: 'neither the profile nor the Secret names a role',
        next: `sallyport profile edit ${definition.name} --user ROLE`,
      });
    const newest: Credential = { user, password: found.password };
    const last = older.find((one) => !isSame(one, newest));
    return last ? [newest, last] : [newest];
  }

  #upstreamTls(): Promise<UpstreamTls> {
    if (this.#tls) return this.#tls;
    const tls = this.#readTls();
    this.#tls = tls;
    tls.catch(() => {
      if (this.#tls === tls) this.#tls = undefined;
    });
    return tls;
  }

  async #readTls(): Promise<UpstreamTls> {
    const { host, definition } = this.#options;
    const { connection, target } = definition.profile;
    const mode = modeOf(connection?.sslmode);
    if (mode === 'disable') return { mode };
    const ca = await host.passwords.certificates(definition, AbortSignal.timeout(readTimeoutMs));
    const name = connection?.serverName ?? /^(?:service|svc)\/([a-z0-9-]+)$/.exec(target)?.[1];
    return { mode, ...(ca !== undefined && { ca }), ...(name !== undefined && { name }) };
  }
}

/** libpq's default; `allow` asks for TLS last where it is offered, and here first. */
function modeOf(sslmode: NonNullable<Profile['connection']>['sslmode'] = 'prefer'): UpstreamTls['mode'] {
  return sslmode === 'allow' ? 'prefer' : sslmode;
}

function isSame(a: Credential, b: Credential): boolean {
  return a.user === b.user && a.password?.reveal() === b.password?.reveal();
}
