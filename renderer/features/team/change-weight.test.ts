import { describe, expect, it } from 'vitest';
import { policySchema } from '../../../src/contract/policy.ts';
import { changeWeight, gravest } from './change-weight.ts';

const json = (value: unknown) => (value === undefined ? undefined : JSON.stringify(value));
const weigh = (path: string, before: unknown, after: unknown) =>
  changeWeight({ path, before: json(before), after: json(after) });

/** Of every bound that a policy has: a value that forbids, and one that allows more. */
const strictAndLoose: Readonly<Record<string, readonly [unknown, unknown]>> = {
  environment: ['production', 'development'],
  reason: [true, false],
  confirm: [true, undefined],
  timeLimit: ['1h', '2h'],
  idleLimit: ['1h', undefined],
  readOnly: [true, undefined],
  maxConnections: [1, 2],
  programs: [['/usr/bin/psql'], undefined],
  passwordless: [undefined, ['/usr/bin/psql']],
  localPasswordLifetime: ['1h', '2h'],
  statementAudit: [true, undefined],
  gateway: [true, undefined],
  superuser: ['forbid', 'allow'],
  replication: ['forbid', 'allow'],
  trust: ['forbid', 'allow'],
  hostNetwork: ['forbid', 'allow'],
};

describe('what a difference means for who agrees', () => {
  it.each([
    ['policy.environment', 'production', 'staging'],
    ['policy.environment', 'production', undefined],
    ['policy.reason', true, false],
    ['policy.reason.pattern', '^[A-Z]+', undefined],
    ['policy.readOnly', true, undefined],
    ['policy.statementAudit', true, false],
    ['policy.timeLimit', '1h', '90m'],
    ['policy.idleLimit', '5m', undefined],
    ['policy.maxConnections', 3, 4],
    ['policy.programs', ['/usr/bin/psql'], undefined],
    ['policy.programs', ['/usr/bin/psql'], ['/usr/bin/psql', '/usr/bin/curl']],
    ['policy.passwordless', undefined, ['/usr/bin/psql']],
    ['policy.gateway', undefined, false],
    ['policy.gateway', true, undefined],
    ['policy.superuser', 'forbid', 'allow'],
    ['policy.replication', 'forbid', 'allow'],
    ['policy.trust', 'forbid', undefined],
    ['policy.hostNetwork', 'forbid', 'allow'],
    ['policy.hostNetwork', undefined, 'allow'],
    ['local.address', undefined, '0.0.0.0'],
  ])('%s from %j to %j loosens a bound', (path, before, after) => {
    expect(weigh(path, before, after)).toBe('loosens');
  });

  it.each([
    ['policy.environment', 'staging', 'production'],
    ['policy.reason', undefined, true],
    ['policy.reason.pattern', '^[A-Z]+', '^[A-Z]+-[0-9]+'],
    ['policy.timeLimit', '90m', '1h'],
    ['policy.timeLimit', undefined, '1h'],
    ['policy.maxConnections', 4, 3],
    ['policy.programs', ['/usr/bin/psql', '/usr/bin/curl'], ['/usr/bin/psql']],
    ['policy.passwordless', ['/usr/bin/psql'], undefined],
    ['policy.superuser', 'allow', 'forbid'],
    ['policy.gateway', undefined, true],
    ['policy.gateway', false, undefined],
    ['policy.replication', undefined, 'allow'],
    ['policy.hostNetwork', 'allow', undefined],
    ['connection.certificate.secret.name', 'orders-tls', 'admin-tls'],
    ['connection.password.secret.name', 'orders', 'orders-admin'],
    ['connection.sslmode', 'verify-full', 'prefer'],
    ['local.address', undefined, '127.0.0.1'],
  ])('%s from %j to %j is a bound that changes', (path, before, after) => {
    expect(weigh(path, before, after)).toBe('guard');
  });

  it.each(Object.keys(policySchema.shape))('knows which of two values of policy.%s allows more', (field) => {
    const [strict, loose] = strictAndLoose[field] ?? [];
    expect([weigh(`policy.${field}`, strict, loose), weigh(`policy.${field}`, loose, strict)]).toEqual([
      'loosens',
      'guard',
    ]);
  });

  it('tells another place from what only describes', () => {
    expect(weigh('cluster.server', 'https://a', 'https://b')).toBe('elsewhere');
    expect(weigh('target', 'service/a', 'service/b')).toBe('elsewhere');
    expect(weigh('port', 5432, 5433)).toBe('elsewhere');
    expect(weigh('target', undefined, 'service/b')).toBe('plain');
    expect(weigh('description', 'a', 'b')).toBe('plain');
    expect(weigh('labels.port', 'a', 'b')).toBe('plain');
  });

  it('goes by the gravest of several', () => {
    const description = { path: 'description', after: '"a"' };
    const place = { path: 'target', before: '"a"', after: '"b"' };
    const looser = { path: 'policy.readOnly', before: 'true' };
    expect(gravest([description])).toBe('plain');
    expect(gravest([description, place])).toBe('elsewhere');
    expect(gravest([place, looser])).toBe('loosens');
  });
});
