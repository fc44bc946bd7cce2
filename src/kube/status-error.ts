/**
 * The one file that reads the texts of Kubernetes, container runtimes and proxies, and turns them into AppErrors. Everything else
 * acts on codes. Texts and their sources: design/port-forward-protocol, section 5. What comes in was sent by others: it is
 * bounded and stripped of control characters before it is shown.
 */
import { AppError } from '../base/app-error.ts';

/** What was asked when the answer came. */
export interface StatusContext {
  readonly method: string;
  /** Path with query. */
  readonly path: string;
  readonly server: string;
  readonly user: string;
  /** An upgrade or a WebSocket was asked for. */
  readonly upgrade: boolean;
  /** Value of the Retry-After header. */
  readonly retryAfter?: string | undefined;
  /** What to do after a 401, where the credentials tell. */
  readonly loginHint?: string | undefined;
}

export interface PodPort {
  readonly pod: string;
  readonly port: number;
}

/** What is read of a text: some patterns below take the square of its length, and others choose the text. */
const maxReadLength = 4096;
const maxShownLength = 1000;
const maxRetryAfterMs = 60_000;

/** The sandbox of the pod is no more; a new session must look for the new one. Said by kubelet, containerd, CRI-O and dockershim. */
const sandboxGone =
  /pod does not exist|failed to find sandbox|sandbox container is not running|network namespace for sandbox .* is closed|container (?:\S+ )?(?:is )?not running|No such container|PodSandbox\S* .*not found|lstat \/proc\/\d+\/ns\/net/i;

/** What came over the error stream of one forwarded connection. SP-PORT-REFUSED and SP-SANDBOX-GONE prove that no byte arrived. */
export function classifyForwardText(sent: string, { pod, port }: PodPort): AppError {
  const text = sent.slice(0, maxReadLength);
  const message = shown(text);
  const details = { pod, port, message, why: message };
  if (sandboxGone.test(text)) return new AppError('SP-SANDBOX-GONE', details);
  // containerd tries two address families and names both: one that refused proves that nobody listens, whatever became of the other.
  if (/connection refused/i.test(text)) return new AppError('SP-PORT-REFUSED', details);
  if (/timed out|i\/o timeout|deadline exceeded/i.test(text))
    return new AppError('SP-STREAM-TIMEOUT', details);
  if (/failed to connect to localhost/i.test(text)) return new AppError('SP-PORT-REFUSED', details);
  if (/connection reset by peer|broken pipe/i.test(text)) {
    return new AppError('SP-STREAM-RESET', {
      pod,
      port,
      message: 'it closed while data was on its way',
      why: message,
    });
  }
  if (/maximum number of in-flight requests/i.test(text)) {
    return new AppError('SP-API-ERROR', { ...details, status: 429 });
  }
  return new AppError('SP-STREAM-FAILED', details);
}

/** An HTTP answer that is not the one asked for. `body` is its text, bounded by the caller. */
export function classifyStatus(httpStatus: number, body: string, context: StatusContext): AppError {
  const status = parseStatus(body);
  const text = (status?.message ?? body).slice(0, maxReadLength);
  const message = shown(text) || `HTTP ${httpStatus}`;
  const { namespace, resource, name } = requestedObject(context.path);
  const pod = `pod/${name}`;

  if (httpStatus === 401) {
    return new AppError('SP-LOGIN-REQUIRED', {
      user: context.user || 'this context',
      server: context.server,
      next: context.loginHint,
      why: message,
    });
  }
  if (httpStatus === 410 || status?.reason === 'Expired' || status?.reason === 'Gone') {
    return new AppError('SP-API-GONE', { message });
  }
  // Before RBAC: a policy's refusal is a 403 or 422 that also says "is forbidden".
  if (/ValidatingAdmissionPolicy|admission webhook .* denied|violates PodSecurity/i.test(text)) {
    return new AppError('SP-ADMISSION-DENIED', { message, namespace, why: message });
  }
  if (httpStatus === 403 && status) return forbidden(message, context, { namespace, resource });
  if (sandboxGone.test(text))
    return new AppError('SP-SANDBOX-GONE', { pod, namespace, message, why: message });
  if (/does not have a host assigned/i.test(text))
    return new AppError('SP-POD-UNSCHEDULED', { pod, namespace });
  if (httpStatus === 404 && (status?.reason === 'NotFound' || /^\S+ "[^"]*" not found/.test(text))) {
    const kind = resource?.split('/')[0]?.replace(/s$/, '') ?? context.path;
    return new AppError('SP-TARGET-NOT-FOUND', {
      target: name ? `${kind}/${name}` : kind,
      namespace: status?.namespace ?? namespace,
      why: message,
    });
  }
  // The API server refuses with a Status or says what it could not reach; anything else on an upgrade came from the way, or says that
  // this carrier is not understood (`query parameter "port" is required`, `Upgrade request required`).
  const notUnderstood = /query parameter "port" is required|upgrade request required|unable to upgrade/i.test(
    text,
  );
  if (context.upgrade && (notUnderstood || (!status && httpStatus < 500 && httpStatus !== 429))) {
    return new AppError('SP-UPGRADE-REFUSED', { status: httpStatus, message, why: message });
  }
  return new AppError('SP-API-ERROR', {
    status: httpStatus,
    message,
    reason: status?.reason,
    retryAfterMs: retryAfterMs(context.retryAfter) ?? status?.retryAfterMs,
  });
}

function forbidden(
  message: string,
  context: StatusContext,
  asked: { readonly namespace: string | undefined; readonly resource: string | undefined },
): AppError {
  // User "u" cannot create resource "pods/portforward" in API group "" in the namespace "n" | at the cluster scope
  const match = /User "([^"]*)" cannot (\S+) (?:resource "([^"]*)"|path "([^"]*)")/.exec(message);
  const clusterWide = /at the cluster scope/.test(message);
  return new AppError('SP-FORBIDDEN', {
    user: match?.[1] || context.user || undefined,
    verb: match?.[2],
    resource: match?.[3] ?? match?.[4] ?? asked.resource,
    namespace: /in the namespace "([^"]*)"/.exec(message)?.[1] ?? (clusterWide ? '(all)' : asked.namespace),
    why: message,
  });
}

export interface NetworkContext {
  readonly server: string;
  /** Where it was the way to the proxy that failed: the proxy, without its password. */
  readonly proxy?: string | undefined;
  readonly user?: string | undefined;
  readonly loginHint?: string | undefined;
}

/** Verification of the server's certificate failed: OpenSSL's X509_V_ERR names as Node gives them in `code`. */
const certificateCodes =
  /^(?:UNABLE_TO_(?:GET|VERIFY|DECRYPT|DECODE)_|CERT_|CRL_|DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|INVALID_(?:CA|PURPOSE)|PATH_LENGTH_EXCEEDED|HOSTNAME_MISMATCH|ERR_TLS_CERT_ALTNAME_INVALID|ERROR_IN_CERT_)/;
/** The server's alert about the certificate that was sent to it, or that none was. */
const clientCertificateAlerts =
  /^ERR_SSL_.*ALERT_(?:BAD_CERTIFICATE|CERTIFICATE_|UNSUPPORTED_CERTIFICATE|UNKNOWN_CA|ACCESS_DENIED)/;

/** A failure below HTTP. Node's codes, not its texts, decide. */
export function classifyNetworkError(error: unknown, context: NetworkContext): AppError {
  if (error instanceof AppError) return error;
  const { code = '', message = String(error) } = error as NodeJS.ErrnoException;
  const details = { server: context.server, message: networkText(code, message) };
  if (context.proxy) return new AppError('SP-API-PROXY', { ...details, proxy: context.proxy }, error);
  if (clientCertificateAlerts.test(code)) {
    return new AppError(
      'SP-LOGIN-REQUIRED',
      { user: context.user, server: context.server, next: context.loginHint, why: shown(message) },
      error,
    );
  }
  if (certificateCodes.test(code)) return new AppError('SP-API-TLS', details, error);
  // The rest of OpenSSL: another protocol or version spoken there.
  if (/^(?:ERR_SSL_|EPROTO)/.test(code)) return new AppError('SP-API-TLS', details, error);
  return new AppError('SP-API-UNREACHABLE', { ...details, cause: code || undefined }, error);
}

function networkText(code: string, message: string): string {
  switch (code) {
    case 'ENOTFOUND':
      return 'its name is not known to DNS';
    case 'EAI_AGAIN':
      return 'DNS does not answer';
    case 'ECONNREFUSED':
      return 'connection refused';
    case 'ECONNRESET':
    case 'EPIPE':
      return 'the connection was reset';
    case 'ETIMEDOUT':
      return 'the connection timed out';
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
      return 'there is no route to it';
    case 'ERR_SSL_WRONG_VERSION_NUMBER':
      return 'it does not speak TLS';
    default:
      return shown(message);
  }
}

interface Status {
  readonly message: string;
  readonly reason: string | undefined;
  readonly namespace: string | undefined;
  readonly retryAfterMs: number | undefined;
}

/** A `kind: Status` body, or undefined for anything else. */
function parseStatus(body: string): Status | undefined {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const { kind, message, reason, details } = value as Record<string, unknown>;
  if (kind !== 'Status') return undefined;
  const more = typeof details === 'object' && details !== null ? (details as Record<string, unknown>) : {};
  const text = (item: unknown) => (typeof item === 'string' && item !== '' ? item : undefined);
  return {
    message: text(message) ?? '',
    reason: text(reason),
    namespace: text(more.namespace),
    retryAfterMs: retryAfterMs(more.retryAfterSeconds),
  };
}

function retryAfterMs(seconds: unknown): number | undefined {
  const value = typeof seconds === 'string' && seconds !== '' ? Number(seconds) : seconds;
  return typeof value === 'number' && value > 0 ? Math.min(value * 1000, maxRetryAfterMs) : undefined;
}

/** What a path of the API asks for: /api/v1/namespaces/NS/pods/NAME/portforward. */
function requestedObject(path: string): {
  readonly namespace: string | undefined;
  readonly resource: string | undefined;
  readonly name: string | undefined;
} {
  const match =
    /\/(?:api\/[^/]+|apis\/[^/]+\/[^/]+)(?:\/namespaces\/([^/?]+))?\/([^/?]+)(?:\/([^/?]+))?(?:\/([^/?]+))?/.exec(
      path,
    );
  const [, namespace, plural, name, subresource] = match ?? [];
  return { namespace, resource: plural && subresource ? `${plural}/${subresource}` : plural, name };
}

/** Text from outside, safe to print: one line, no control characters, bounded. */
function shown(text: string): string {
  const line = text
    .slice(0, maxReadLength)
    .replace(/\p{Cc}+/gu, ' ')
    .trim();
  return line.length > maxShownLength ? `${line.slice(0, maxShownLength)}…` : line;
}
