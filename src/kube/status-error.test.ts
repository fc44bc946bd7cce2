import { describe, expect, it } from 'vitest';
import { AppError } from '../base/app-error.ts';
import {
  classifyForwardText,
  classifyNetworkError,
  classifyStatus,
  type StatusContext,
} from './status-error.ts';

const path = '/api/v1/namespaces/db/pods/x/portforward';
const asked: StatusContext = { method: 'POST', path, server: 'https://api', user: 'dev', upgrade: true };

const status = (code: number, message: string, more: Record<string, unknown> = {}) =>
  JSON.stringify({ kind: 'Status', apiVersion: 'v1', status: 'Failure', message, code, ...more });

describe('answers of the API server and of what is on the way', () => {
  it.each([
    ['an expired token', 401, status(401, 'Unauthorized'), 'SP-LOGIN-REQUIRED'],
    [
      'a pod that is not there',
      404,
      status(404, 'pods "x" not found', { reason: 'NotFound' }),
      'SP-TARGET-NOT-FOUND',
    ],
    ['an unscheduled pod', 400, status(400, 'pod x does not have a host assigned'), 'SP-POD-UNSCHEDULED'],
    ['a pod its kubelet does not know', 404, 'pod does not exist\n', 'SP-SANDBOX-GONE'],
    ['a sandbox that is gone', 500, 'failed to find sandboxID for pod db/x: not found', 'SP-SANDBOX-GONE'],
    ['a sandbox that has ended', 500, 'sandbox container is not running', 'SP-SANDBOX-GONE'],
    ['no right', 403, status(403, forbidden('create')), 'SP-FORBIDDEN'],
    ['403 without a Status', 403, 'Forbidden\n', 'SP-UPGRADE-REFUSED'],
    ['the tunnel before 1.31', 400, 'query parameter "port" is required', 'SP-UPGRADE-REFUSED'],
    ['a stripped Upgrade header', 400, 'Upgrade request required', 'SP-UPGRADE-REFUSED'],
    ['the same as a Status', 400, status(400, 'Upgrade request required'), 'SP-UPGRADE-REFUSED'],
    ['a captive portal', 200, '<html>', 'SP-UPGRADE-REFUSED'],
    ['an unreachable kubelet', 500, status(500, 'error dialing backend: dial tcp: refused'), 'SP-API-ERROR'],
    ['the end of the API server', 503, 'apiserver is shutting down', 'SP-API-ERROR'],
    ['a busy runtime', 429, 'maximum number of in-flight requests exceeded', 'SP-API-ERROR'],
    ['a policy, as 422', 422, status(422, policy(), { reason: 'Invalid' }), 'SP-ADMISSION-DENIED'],
    ['a policy, as 403', 403, status(403, policy()), 'SP-ADMISSION-DENIED'],
    ['a webhook', 400, status(400, 'admission webhook "a.b" denied the request: no'), 'SP-ADMISSION-DENIED'],
    ['an old watch', 410, status(410, 'too old resource version', { reason: 'Expired' }), 'SP-API-GONE'],
    ['a gateway without backend', 502, '<html>bad gateway</html>', 'SP-API-ERROR'],
  ])('%s', (_what, code, body, expected) => {
    expect(classifyStatus(code, body, asked).code).toBe(expected);
  });

  function forbidden(verb: string): string {
    return `pods "x" is forbidden: User "dev@example.com" cannot ${verb} resource "pods/portforward" in API group "" in the namespace "db"`;
  }
  function policy(): string {
    return `pods "x" is forbidden: ValidatingAdmissionPolicy 'no-forward' with binding 'all' denied request: not in production`;
  }

  it('tells who may not do what', () => {
    expect(classifyStatus(403, status(403, forbidden('get')), asked).details).toMatchObject({
      user: 'dev@example.com',
      verb: 'get',
      resource: 'pods/portforward',
      namespace: 'db',
    });
    const all =
      'pods is forbidden: User "dev" cannot list resource "pods" in API group "" at the cluster scope';
    const context = { ...asked, path: '/api/v1/pods', upgrade: false };
    expect(classifyStatus(403, status(403, all), context).details).toMatchObject({ namespace: '(all)' });
    const other = classifyStatus(403, status(403, 'forbidden: the authorizer is not ready'), asked);
    expect(other).toMatchObject({
      code: 'SP-FORBIDDEN',
      details: { user: 'dev', resource: 'pods/portforward' },
    });
  });

  it('names what was not found, from the path', () => {
    const body = status(404, 'services "api" not found', { reason: 'NotFound' });
    const context = { ...asked, path: '/api/v1/namespaces/db/services/api?x=1', upgrade: false };
    expect(classifyStatus(404, body, context).details).toMatchObject({
      target: 'service/api',
      namespace: 'db',
    });
  });

  it('says when to come back, within bounds', () => {
    const retryAfter = (value: string) =>
      classifyStatus(503, 'apiserver is shutting down', { ...asked, retryAfter: value }).details.retryAfterMs;
    expect(retryAfter('1')).toBe(1000);
    expect(retryAfter('999999')).toBe(60_000);
    expect(retryAfter('Wed, 21 Oct 2026 07:28:00 GMT')).toBeUndefined();
    const inBody = status(429, 'slow down', { details: { retryAfterSeconds: 2 } });
    expect(classifyStatus(429, inBody, asked).details.retryAfterMs).toBe(2000);
  });

  it('takes 403 without a Status on a plain request for an error, not for a refused upgrade', () => {
    expect(classifyStatus(403, 'Forbidden', { ...asked, upgrade: false }).code).toBe('SP-API-ERROR');
  });

  it('shows what others sent on one line, bounded and without control characters', () => {
    const { message } = classifyStatus(500, `\u001b[31mred\r\n${'x'.repeat(5000)}`, asked).details;
    expect(message).toMatch(/^\[31mred x+…$/);
    expect(String(message).length).toBeLessThan(1100);
  });
});

describe('texts of the error stream', () => {
  const at = (what: string) => `error forwarding port 5432 to pod 4f1c, uid : ${what}`;
  const inNamespace = (what: string) =>
    at(
      `failed to execute portforward in network namespace "/var/run/netns/cni-1": failed to connect to localhost:5432 inside namespace "4f1c", ${what}`,
    );
  it.each([
    [
      'SP-PORT-REFUSED',
      inNamespace(
        'IPv4: dial tcp4 127.0.0.1:5432: connect: connection refused IPv6 dial tcp6 [::1]:5432: connect: cannot assign requested address ',
      ),
    ],
    [
      'SP-PORT-REFUSED',
      at('exit status 1: 2024/01/01 socat[9] E connect(5, AF=2 127.0.0.1:5432, 16): Connection refused'),
    ],
    [
      'SP-PORT-REFUSED',
      inNamespace(
        'IPv4: dial tcp4 127.0.0.1:5432: connect: connection refused IPv6 dial tcp6 [::1]:5432: i/o timeout',
      ),
    ],
    ['SP-PORT-REFUSED', inNamespace('IPv6 dial tcp6 [::1]:5432: connect: cannot assign requested address')],
    ['SP-STREAM-TIMEOUT', inNamespace('IPv4: dial tcp4 127.0.0.1:5432: i/o timeout')],
    ['SP-STREAM-TIMEOUT', 'timed out waiting for streams'],
    ['SP-SANDBOX-GONE', at('network namespace for sandbox "4f1c" is closed')],
    ['SP-SANDBOX-GONE', at('failed to find sandbox "4f1c" in store: not found')],
    ['SP-SANDBOX-GONE', at('container 4f1c is not running')],
    ['SP-STREAM-RESET', at('read tcp 127.0.0.1:1->127.0.0.1:5432: read: connection reset by peer')],
    ['SP-STREAM-RESET', at('write tcp 127.0.0.1:1->127.0.0.1:5432: write: broken pipe')],
    ['SP-API-ERROR', 'maximum number of in-flight requests exceeded'],
    ['SP-STREAM-FAILED', at('something new')],
    ['SP-STREAM-FAILED', ''],
  ])('%s', (code, text) => {
    const error = classifyForwardText(text, { pod: 'pg-0', port: 5432 });
    expect(error).toMatchObject({ code, details: { pod: 'pg-0', port: 5432 } });
  });
});

describe('a text of any length', () => {
  // Patterns with two open ends take the square of what they are given: only a bounded beginning is read.
  const longest = 4096;
  const said = 'connection refused';
  it('is read as far as its first 4,096 characters', () => {
    const classified = (before: number, text: string) =>
      classifyForwardText('x'.repeat(before) + text, { pod: 'pg-0', port: 5432 }).code;
    expect(classified(longest - said.length, said)).toBe('SP-PORT-REFUSED');
    expect(classified(longest - said.length + 1, said)).toBe('SP-STREAM-FAILED');
  });

  it.each([
    ['plain', (text: string) => text],
    ['in a Status', (text: string) => status(500, text)],
  ])('is read so far too where it is the answer of a server, %s', (_what, body) => {
    const gone = 'pod does not exist';
    const classified = (before: number) => classifyStatus(500, body('x'.repeat(before) + gone), asked).code;
    expect(classified(longest - gone.length)).toBe('SP-SANDBOX-GONE');
    expect(classified(longest - gone.length + 1)).toBe('SP-API-ERROR');
  });
});

describe('failures below HTTP', () => {
  const fault = (code: string) => Object.assign(new Error(`${code} happened`), { code });
  it.each([
    ['ECONNREFUSED', 'SP-API-UNREACHABLE'],
    ['ENOTFOUND', 'SP-API-UNREACHABLE'],
    ['ETIMEDOUT', 'SP-API-UNREACHABLE'],
    ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'SP-API-TLS'],
    ['SELF_SIGNED_CERT_IN_CHAIN', 'SP-API-TLS'],
    ['CERT_HAS_EXPIRED', 'SP-API-TLS'],
    ['ERR_TLS_CERT_ALTNAME_INVALID', 'SP-API-TLS'],
    ['ERR_SSL_WRONG_VERSION_NUMBER', 'SP-API-TLS'],
    ['ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED', 'SP-LOGIN-REQUIRED'],
    ['ERR_SSL_SSL/TLS_ALERT_BAD_CERTIFICATE', 'SP-LOGIN-REQUIRED'],
    ['ERR_SSL_TLSV1_ALERT_UNKNOWN_CA', 'SP-LOGIN-REQUIRED'],
  ])('%s is %s', (code, expected) => {
    expect(classifyNetworkError(fault(code), { server: 'https://api' }).code).toBe(expected);
  });

  it('leaves an AppError as it is and takes anything thrown', () => {
    const error = new AppError('SP-API-PROXY');
    expect(classifyNetworkError(error, { server: 's' })).toBe(error);
    expect(classifyNetworkError('odd', { server: 's' }).code).toBe('SP-API-UNREACHABLE');
  });
});
