import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import { AppError } from '../base/app-error.ts';
import { type Clock, delay } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { PeerProcess } from '../contract/peer.ts';
import type { Profile } from '../contract/profile.ts';
import { Gateway } from '../postgres/gateway.ts';
import type { GatewayEvent } from '../postgres/gateway-event.ts';
import { type Credential, roleOf, type ServerRole } from '../postgres/upstream-access.ts';
import type { UpstreamTls } from '../postgres/upstream-tls.ts';
import type { Intermediary, IntermediaryClient, Served } from '../tunnel/intermediary.ts';
import type { Certificates } from './certificates.ts';
import type { GatewayPasswords } from './gateway-passwords.ts';
import type { LocalAuthority } from './local-authority.ts';
import type { Passwords } from './passwords.ts';
import { isOthers, type TunnelDefinition } from './tunnel-definition.ts';

/** What a tunnel's gateway needs of the daemon. */
export interface GatewayHost {
  readonly clock: Clock;
  readonly passwords: Pick<Passwords, 'find'>;
  readonly certificates: Pick<Certificates, 'authority' | 'client'>;
  readonly gatewayPasswords: Pick<GatewayPasswords, 'of'>;
  readonly localAuthority: Pick<LocalAuthority, 'tlsOf'>;
}

export interface TunnelGatewayOptions {
  readonly host: GatewayHost;
  readonly definition: TunnelDefinition;
  readonly log: Log;
  /** Who logged in, as whom and where, what was refused and, by policy, each statement. `connection` is the number of the tunnel's own events. */
  readonly onSession: (event: GatewayEvent, connection: number) => void;
  /** Something about the database that its user should know: once for each. */
  readonly onNotice: (notice: string) => void;
  /** The server in a pod is of another role than is wanted. True: the tunnel has turned to another pod. */
  readonly onOtherRole: (podUid: string) => boolean;
  /** What the server in a pod says that it is, at each login. */
  readonly onRole: (podUid: string, role: ServerRole) => void;
}

/** As long as the tunnel holds, which says why nothing came of it, and a little longer. */
const holdMs = 61_000;
const readTimeoutMs = 30_000;
/**
 * A rotation reaches the database and the Secret one after the other. Credentials that worked until now and are refused are read again this often, for
 * this long, before a client is told; what was refused is not sent again meanwhile.
 */
const rotation = { graceMs: 10_000, everyMs: 500 } as const;
interface Hints {
  readonly sslmode?: NonNullable<Profile['connection']>['sslmode'];
  readonly name?: string | undefined;
}

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
  #isReading = false;
  /** One of them has logged in since they were read last. */
  #haveWorked = false;
  /** What the source of the credentials says of the connection besides. */
  #hints: Hints = {};
  #tls: Promise<UpstreamTls> | undefined;

  constructor(options: TunnelGatewayOptions) {
    this.#options = options;
    const { host, definition } = options;
    const { connection, policy, local } = definition.profile;
    const { name } = definition;
    this.#gateway = new Gateway({
      clock: host.clock,
      local: {
        user: connection?.user,
        password: () =>
          host.gatewayPasswords
            .of(definition)
            .catch((error) => this.#cannot('check the password of the tunnel', error)),
        tls: () =>
          host.localAuthority.tlsOf(addressesOf(local)).catch((error) => this.#cannot('offer TLS', error)),
        hints: {
          password: `\`sallyport copy ${name}\` copies it, \`sallyport password ${name} --local\` prints it.`,
          expired: `\`sallyport copy ${name}\` copies a new one, \`sallyport password ${name} --local\` prints it.`,
        },
        mockSeed,
      },
      upstream: {
        credentials: ({ fresh }) => this.#find(fresh),
        tls: () => this.#upstreamTls(),
        passwordPolicy: isOthers(definition) ? 'scram-or-verified-tls' : 'any-hashed',
        readOnly: policy?.readOnly ?? false,
        serverRole: connection?.serverRole,
        onOtherRole: ({ uid }) => options.onOtherRole(uid),
        forbids: { trust: policy?.trust === 'forbid', superuser: policy?.superuser === 'forbid' },
      },
      replication: policy?.replication === 'forbid' ? 'refuse' : 'pass',
      statementAudit: policy?.statementAudit ?? false,
      holdMs,
      onEvent: (event, number) => this.#onEvent(event, number),
    });
  }

  serve(socket: Socket, client: IntermediaryClient): Served {
    const { passwordless } = this.#options.definition.profile.policy ?? {};
    return this.#gateway.serve(socket, {
      ...client,
      passwordless: passwordless && (async () => isListed(await client.peer?.process(), passwordless)),
    });
  }

  #onEvent(event: GatewayEvent, connection: number): void {
    const { log, onSession } = this.#options;
    switch (event.kind) {
      case 'login': {
        const { user, role, database, applicationName: application, pod, method, encrypted, proof } = event;
        log.info('logged in', {
          connection,
          user,
          role,
          database,
          application,
          pod: pod.name,
          method,
          proof,
          ...encrypted,
        });
        this.#haveWorked = true;
        this.#notice(event);
        if (event.inRecovery !== undefined) this.#options.onRole(pod.uid, roleOf(event.inRecovery));
        break;
      }
      case 'login-failed':
        log.warn('login failed', {
          connection,
          database: event.database,
          code: event.error.code,
          ...event.error.details,
        });
        // The CA may have been renewed, or what is logged in with: servers refuse that in more ways than one.
        if (event.error.code === 'SP-DB-TLS' || this.#usesCertificate) this.#tls = undefined;
        break;
      case 'session-refused':
        log.warn('session refused', { connection, code: event.error.code, ...event.error.details });
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

  #notice({ letsAnyoneIn, superuser, role, pooler }: Extract<GatewayEvent, { kind: 'login' }>): void {
    const { connection } = this.#options.definition.profile;
    const notices = [
      pooler &&
        !connection?.pooler &&
        'a pooler answers before the database: connection.pooler says in which mode, so that connection strings suit it',
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

  #cannot(what: string, thrown: unknown): undefined {
    const { code, details } = AppError.from(thrown);
    this.#options.log.warn(`cannot ${what}`, { code, ...details });
    return undefined;
  }

  /** Read once and kept while it is good: a read for each connection would cost a round trip to the cluster. One read serves all who ask anew. */
  #find(fresh: boolean): Promise<readonly Credential[]> {
    const before = this.#credentials;
    if (before && (!fresh || this.#isReading)) return before;
    this.#isReading = true;
    const found = this.#read(before).finally(() => {
      this.#isReading = false;
    });
    this.#credentials = found;
    found.catch(() => {
      if (this.#credentials === found) this.#credentials = before;
    });
    return found;
  }

  /** `before`: those that were refused. */
  async #read(before: Promise<readonly Credential[]> | undefined): Promise<readonly Credential[]> {
    const { clock } = this.#options.host;
    const older = (await before?.catch(() => undefined)) ?? [];
    const isRotating = this.#haveWorked && older.some(({ password }) => password !== undefined);
    const untilMs = clock.nowMs() + rotation.graceMs;
    this.#haveWorked = false;
    let newest = await this.#readOnce();
    while (isRotating && older.some((one) => isSame(one, newest)) && clock.nowMs() < untilMs) {
      await delay(clock, rotation.everyMs);
      newest = await this.#readOnce();
    }
    const last = older.find((one) => !isSame(one, newest));
    return last ? [newest, last] : [newest];
  }

  async #readOnce(): Promise<Credential> {
    const { host, definition } = this.#options;
    const signal = AbortSignal.timeout(readTimeoutMs);
    const found = await host.passwords.find(definition, { ask: false, signal });
    const { user: named } = definition.profile.connection ?? {};
    if (found.kind === 'none' && this.#usesCertificate)
      return { user: this.#role(named), password: undefined };
    if (found.kind !== 'found') throw new AppError('SP-DB-NO-CREDENTIALS');
    const user = this.#role(named ?? found.user);
    const { sslmode, host: name } = found;
    if (sslmode !== this.#hints.sslmode || name !== this.#hints.name) this.#tls = undefined;
    this.#hints = { sslmode, name };
    return { user, password: found.password };
  }

  #role(user: string | undefined): string {
    if (user !== undefined) return user;
    throw new AppError('SP-DB-NO-CREDENTIALS', {
      message: 'neither the profile nor the Secret names a role',
      next: `sallyport profile edit ${this.#options.definition.name} --user ROLE`,
    });
  }

  get #usesCertificate(): boolean {
    return this.#options.definition.profile.connection?.certificate !== undefined;
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
    // A whole URL says how to connect; what the profile says goes before it.
    if (connection?.sslmode === undefined) await this.#find(false);
    const asked = modeOf(connection?.sslmode ?? this.#hints.sslmode);
    // Without TLS nobody sees the certificate, and a server that lets anybody in would pass for one that asked for it.
    const mode = asked === 'prefer' && this.#usesCertificate ? 'require' : asked;
    if (mode === 'disable' && this.#usesCertificate)
      throw new AppError('SP-DB-TLS', {
        message: 'a client certificate logs in over TLS alone, and sslmode is disable',
      });
    if (mode === 'disable') return { mode };
    const signal = AbortSignal.timeout(readTimeoutMs);
    const [ca, certificate] = await Promise.all([
      host.certificates.authority(definition, signal),
      host.certificates.client(definition, signal),
    ]);
    const service = /^(?:service|svc)\/([a-z0-9-]+)$/.exec(target)?.[1];
    const name = connection?.serverName ?? this.#hints.name ?? service;
    return {
      mode,
      ...(ca !== undefined && { ca }),
      ...(name !== undefined && { name }),
      ...(certificate && { certificate }),
    };
  }
}

/** Found by the peer check, so by the process's own executable. What is not known is not listed. */
function isListed(process: PeerProcess | undefined, programs: readonly string[]): boolean {
  return process?.program !== undefined && programs.includes(process.program);
}

function addressesOf(local: Profile['local']): readonly string[] {
  return typeof local === 'object' && 'address' in local && local.address ? [local.address] : [];
}

/** libpq's default; `allow` asks for TLS last where it is offered, and here first. */
function modeOf(sslmode: NonNullable<Profile['connection']>['sslmode'] = 'prefer'): UpstreamTls['mode'] {
  return sslmode === 'allow' ? 'prefer' : sslmode;
}

function isSame(a: Credential, b: Credential): boolean {
  return a.user === b.user && a.password?.reveal() === b.password?.reveal();
}
