import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { LocalTls } from './local-tls.ts';
import {
  authenticationSasl,
  authenticationSaslContinue,
  authenticationSaslFinal,
  type CancelKey,
  type Complaint,
  errorResponse,
  negotiateProtocolVersion,
} from './message.ts';
import { mockVerifier, type ScramVerifier, scram, scramPlus } from './scram.ts';
import { ScramServer } from './scram-server.ts';
import { Wire, type WireMessage } from './wire.ts';

/**
 * The server's half of a login at the gateway. Trust boundary: the client is any program of this machine until it has proved that it
 * knows the tunnel's password; nothing of it reaches the pod before. A password in clear text is never asked for.
 */

export interface LocalAccess {
  /** The one role by whose name clients log in; undefined: the password alone counts, whatever they call themselves. */
  readonly user: string | undefined;
  /** Asked at each login, so that a rotated password counts at once; undefined: there is none, nobody may log in. */
  password(): LocalPassword | undefined | Promise<LocalPassword | undefined>;
  /** Asked for each client that wants TLS, so that a renewed certificate counts at once; undefined: there is none. Never rejects. */
  tls(): LocalTls | undefined | Promise<LocalTls | undefined>;
  /** Where a person finds the password, and a new one in place of one that has expired. */
  readonly hints: { readonly password: string; readonly expired: string };
  /** Of this machine, random; hides which names exist. */
  readonly mockSeed: Buffer;
}

export interface LocalPassword {
  readonly verifier: ScramVerifier;
  /** It lets nobody in any more. */
  readonly isExpired: boolean;
}

/** How a program has shown that it may: by the tunnel's password, or by being on the list of those that need none. */
export type LocalProof = 'password' | 'program';

export interface StartupRequest {
  /** As the client gave it; the gateway logs in as whom its credentials name. */
  readonly user: string;
  readonly database: string;
  readonly applicationName: string;
  readonly replication: boolean;
  /** All but user and database. */
  readonly settings: ReadonlyMap<string, string>;
  readonly minor: number;
}

export type Greeting =
  | {
      readonly kind: 'in';
      readonly wire: Wire;
      readonly startup: StartupRequest;
      readonly encrypted: boolean;
      readonly proof: LocalProof;
    }
  | { readonly kind: 'cancel'; readonly wire: Wire; readonly cancel: CancelKey }
  /** Whoever it is has been told already. */
  | { readonly kind: 'denied'; readonly wire: Wire; readonly why: Denial; readonly user: string | undefined };

export type Denial = 'wrong-password' | 'expired-password' | 'unknown-role' | 'no-password-set' | 'protocol';

const maxSaslBytes = 4 * 1024;
/** SSLRequest and GSSENCRequest, each at most once. */
const maxRequests = 2;
/** The newest minor version of protocol 3 that is spoken here. */
const newestMinor = 2;

/**
 * Greets one client up to its proof. Rejects with the socket's error where the client goes away. `passwordless` says whether its program needs no
 * password; it is asked once the client has said what it wants.
 */
export async function greetClient(
  socket: Socket,
  access: LocalAccess,
  { passwordless }: { passwordless: () => boolean | Promise<boolean> },
): Promise<Greeting> {
  let wire = new Wire(socket);
  let tls: LocalTls | undefined;
  for (let requests = 0; ; ) {
    const opening = await wire.readOpening();
    switch (opening.kind) {
      case 'invalid':
        return denied(wire, { sqlstate: opening.sqlstate, message: opening.why });
      case 'cancel':
        return { kind: 'cancel', wire, cancel: opening };
      case 'startup': {
        const startup = readParameters(opening);
        if (typeof startup === 'string') return denied(wire, { sqlstate: '28000', message: startup });
        negotiate(wire, opening);
        const proof = (await passwordless()) ? 'program' : 'password';
        const refused =
          proof === 'program'
            ? refuseOtherRole(wire, startup.user, access)
            : await authenticate(wire, startup.user, { access, tls });
        return refused ?? { kind: 'in', wire, startup, encrypted: tls !== undefined, proof };
      }
      case 'direct-tls':
        tls = tls || requests > 0 ? undefined : await access.tls();
        if (!tls) return denied(wire, { sqlstate: '08P01', message: 'TLS is not to be had here' });
        wire = await secure(wire, tls, { socket, direct: true });
        break;
      case 'gss-request':
      case 'ssl-request': {
        if (++requests > maxRequests || tls)
          return denied(wire, { sqlstate: '08P01', message: 'encryption was asked for too often' });
        if (opening.kind === 'ssl-request') tls = await access.tls();
        if (!tls) {
          wire.write(Buffer.from('N'));
          break;
        }
        // Put there in the clear by somebody in between, to be taken for a part of what is encrypted (CVE-2021-23214).
        if (wire.hasMore)
          return denied(wire, { sqlstate: '08P01', message: 'bytes after SSLRequest before the handshake' });
        wire.write(Buffer.from('S'));
        wire = await secure(wire, tls, { socket, direct: false });
      }
    }
  }
}

async function secure(
  wire: Wire,
  tls: LocalTls,
  { socket, direct }: { socket: Socket; direct: boolean },
): Promise<Wire> {
  const ahead = wire.release();
  if (ahead.length > 0) socket.unshift(ahead);
  return new Wire((await tls.accept(socket, { direct })) as Duplex);
}

/** The client's own words, sorted; a sentence where they cannot be used. */
function readParameters({
  minor,
  parameters,
}: {
  minor: number;
  parameters: ReadonlyMap<string, string>;
}): StartupRequest | string {
  const settings = new Map([...parameters].filter(([name]) => !name.startsWith('_pq_.')));
  const user = settings.get('user');
  if (!user) return 'no PostgreSQL user name specified in startup packet';
  const replication = settings.get('replication') ?? 'false';
  settings.delete('user');
  const database = settings.get('database');
  settings.delete('database');
  return {
    user,
    database: database || user,
    applicationName: settings.get('application_name') ?? '',
    // As the server reads it: anything but a clear no.
    replication: !/^(f|fa|fal|fals|false|n|no|of|off|0)$/i.test(replication),
    settings,
    minor: Math.min(minor, newestMinor),
  };
}

function negotiate(
  wire: Wire,
  { minor, parameters }: { minor: number; parameters: ReadonlyMap<string, string> },
): void {
  const unknown = [...parameters.keys()].filter((name) => name.startsWith('_pq_.'));
  if (minor > newestMinor || unknown.length > 0)
    wire.write(negotiateProtocolVersion(Math.min(minor, newestMinor), unknown));
}

/** Undefined: it has proved that it knows the password. A role that is not ours goes through the same exchange, and fails. */
async function authenticate(
  wire: Wire,
  user: string,
  { access, tls }: { access: LocalAccess; tls: LocalTls | undefined },
): Promise<Extract<Greeting, { kind: 'denied' }> | undefined> {
  const isRole = access.user === undefined || user === access.user;
  const known = isRole ? await access.password() : undefined;
  const verifier = known?.verifier ?? mockVerifier(access.mockSeed, user);
  const binding = tls?.binding;
  wire.write(authenticationSasl(binding ? [scramPlus, scram] : [scram]));
  const malformed = () => denied(wire, { sqlstate: '08P01', message: 'malformed SCRAM message' }, user);

  const chosen = readInitialResponse(await wire.readMessage(maxSaslBytes));
  const mechanism = chosen?.mechanism;
  if (!chosen || !(mechanism === scram || (mechanism === scramPlus && binding))) return malformed();
  const exchange = new ScramServer({ verifier, mechanism, binding });
  const challenge = exchange.first(chosen.response);
  if (challenge === undefined) return malformed();
  wire.write(authenticationSaslContinue(challenge));

  const answer = await wire.readMessage(maxSaslBytes);
  const verdict =
    answer.type === 'p' ? exchange.final(answer.body.toString()) : ({ kind: 'malformed' } as const);
  if (verdict.kind === 'malformed') return malformed();
  if (verdict.kind === 'wrong-password' || !known) {
    const why = known ? 'wrong-password' : isRole ? 'no-password-set' : 'unknown-role';
    // The same words for all three.
    const complaint = {
      sqlstate: '28P01',
      message: `password authentication failed for user "${user}"`,
      detail: 'This is a Sallyport tunnel, which takes its own password, not that of the database.',
      hint: access.hints.password,
    };
    return { ...denied(wire, complaint, user), why };
  }
  if (known.isExpired) {
    // Only who knows it learns that it was right once.
    const complaint = {
      sqlstate: '28P01',
      message: 'the password of this tunnel has expired',
      hint: access.hints.expired,
    };
    return { ...denied(wire, complaint, user), why: 'expired-password' };
  }
  wire.write(authenticationSaslFinal(verdict.final));
  return undefined;
}

/** Who needs no password is told the name to use, instead of being taken for somebody else. */
function refuseOtherRole(
  wire: Wire,
  user: string,
  { user: role = user }: LocalAccess,
): Extract<Greeting, { kind: 'denied' }> | undefined {
  if (user === role) return undefined;
  const complaint = {
    sqlstate: '28000',
    message: `role "${user}" is not the one of this tunnel`,
    hint: `Log in as "${role}".`,
  };
  return { ...denied(wire, complaint, user), why: 'unknown-role' };
}

/** SASLInitialResponse: mechanism, int32 length, response. */
function readInitialResponse({
  type,
  body,
}: WireMessage): { mechanism: string; response: string } | undefined {
  const end = body.indexOf(0);
  if (type !== 'p' || end < 0 || body.length < end + 5) return undefined;
  if (body.readInt32BE(end + 1) !== body.length - end - 5) return undefined;
  return { mechanism: body.toString('latin1', 0, end), response: body.toString('utf8', end + 5) };
}

function denied(
  wire: Wire,
  complaint: Omit<Complaint, 'severity'>,
  user?: string,
): Extract<Greeting, { kind: 'denied' }> {
  wire.write(errorResponse({ severity: 'FATAL', ...complaint }));
  return { kind: 'denied', wire, why: 'protocol', user };
}
