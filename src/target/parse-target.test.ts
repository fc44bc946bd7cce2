import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fuzzed } from '../../test/support/fuzz.ts';
import { AppError } from '../base/app-error.ts';
import { parsePortSpec, parsePortSpecs } from './parse-port-spec.ts';
import { parseTarget } from './parse-target.ts';
import { targetText } from './target.ts';

function failure(parse: () => unknown): AppError {
  try {
    parse();
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
  throw new Error('it was accepted');
}

describe('parseTarget', () => {
  it.each([
    ['postgres-0', 'pod/postgres-0'],
    ['pod/postgres-0', 'pod/postgres-0'],
    ['po/a.b-c', 'pod/a.b-c'],
    ['pods/a', 'pod/a'],
    ['Pod/a', 'pod/a'],
    ['sts/postgres', 'statefulset/postgres'],
    ['statefulset/postgres/0', 'statefulset/postgres/0'],
    ['statefulsets.apps/postgres/12', 'statefulset/postgres/12'],
    ['svc/db', 'service/db'],
    ['services/db', 'service/db'],
    ['deploy/web', 'deployment/web'],
    ['deployment.apps/web', 'deployment/web'],
    ['deployments.v1.apps/web', 'deployment/web'],
    ['rs/web-5d', 'replicaset/web-5d'],
    ['selector/app=x', 'selector/app=x'],
    ['app=x,tier!=y', 'selector/app=x,tier!=y'],
    ['app.kubernetes.io/name=db', 'selector/app.kubernetes.io/name=db'],
    ['app in (a, b),!c', 'selector/app in (a, b),!c'],
    ['app notin (a)', 'selector/app notin (a)'],
    ['!canary', 'selector/!canary'],
    ['selector/canary', 'selector/canary'],
  ])('%s is %s', (text, shown) => {
    expect(targetText(parseTarget(text))).toBe(shown);
  });

  it.each([
    ['', 'there is no target'],
    ['pod/', 'the name of the pod is missing'],
    [
      'Postgres-0',
      '"Postgres-0" is no name of a pod: names are made of lower case letters, digits and "-" and "."',
    ],
    ['svc/a.b', '"a.b" is no name of a service: names are made of lower case letters, digits and "-"'],
    ['pod/a/0', '"pod/a/0" has a part too many'],
    ['sts/a/x', '"x" is no ordinal of statefulset/a'],
    ['sts/a/01', '"01" is no ordinal of statefulset/a'],
    ['sts/a/0/1', '"0/1" is no ordinal of statefulset/a'],
    ['sts/a/99999999999', '"99999999999" is no ordinal of statefulset/a'],
    ['job/a', '"job" is no kind of target'],
    ['svc.apps/a', '"svc.apps" is no kind of target'],
    ['selector/', 'the selector is empty, which would mean every pod of the namespace'],
    ['selector/a=b&limit=1', '"a=b&limit=1" is no label selector'],
    [`svc/${'a'.repeat(64)}`, "a service's name has at most 63 characters, this one has 64"],
  ])('%j: %s', (text, message) => {
    const error = failure(() => parseTarget(text));
    expect(error.code).toBe('SP-USAGE');
    expect(error.message).toBe(message);
    expect(error.details.next).toBeTruthy();
  });

  it('throws nothing but SP-USAGE, and what it accepts reads back the same', () => {
    const parts = fc.constantFrom(
      'pod',
      'sts',
      'svc',
      'deploy',
      'selector',
      '/',
      'a',
      '0',
      '=',
      '!',
      '.',
      '-',
      ' in (',
      ')',
    );
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.array(parts).map((all) => all.join('')),
    );
    fc.assert(
      fc.property(text, (given) => {
        let target: ReturnType<typeof parseTarget>;
        try {
          target = parseTarget(given);
        } catch (error) {
          expect(error).toMatchObject({ code: 'SP-USAGE' });
          return;
        }
        expect(parseTarget(targetText(target))).toEqual(target);
      }),
      fuzzed(2_000),
    );
  });
});

it('a local port that is named twice is told before one of them is bound', () => {
  expect(failure(() => parsePortSpecs(['18010:echo', '80', '18010:identity']))).toMatchObject({
    code: 'SP-USAGE',
    message: '18010:echo and 18010:identity name one local port',
  });
  expect(failure(() => parsePortSpecs(['80', '80:http'])).message).toContain('80 and 80:http');
  expect(parsePortSpecs([':80', ':80', '0:80', 'http', 'http'])).toHaveLength(5);
});

describe('parsePortSpec', () => {
  it.each([
    ['5432', { local: 5432, remote: 5432 }],
    ['15432:5432', { local: 15432, remote: 5432 }],
    [':5432', { local: 0, remote: 5432 }],
    ['0:5432', { local: 0, remote: 5432 }],
    ['pg', { local: 'as-remote', remote: 'pg' }],
    ['8443:https', { local: 8443, remote: 'https' }],
    [':https', { local: 0, remote: 'https' }],
    ['65535:1', { local: 65535, remote: 1 }],
  ])('%s', (text, spec) => {
    expect(parsePortSpec(text)).toEqual(spec);
  });

  it.each([
    ['', '"" is no port: the remote port is missing'],
    ['5432:', '"5432:" is no port: the remote port is missing'],
    ['0', '"0" is no port: the remote port 0 is not from 1 to 65535'],
    ['1:65536', '"1:65536" is no port: the remote port 65536 is not from 1 to 65535'],
    ['65536:1', '"65536:1" is no port: the local port "65536" is no number from 0 to 65535'],
    ['pg:5432', '"pg:5432" is no port: the local port "pg" is no number from 0 to 65535'],
    ['1:2:3', '"1:2:3" is no port: it has more than one ":"; an address is named with --address'],
    ['1:PG', '"1:PG" is no port: the remote port "PG" is neither a number nor a port\'s name'],
    ['-1', '"-1" is no port: the remote port "-1" is neither a number nor a port\'s name'],
  ])('%j is refused', (text, message) => {
    const error = failure(() => parsePortSpec(text));
    expect(error.code).toBe('SP-USAGE');
    expect(error.message).toBe(message);
    expect(error.details.next).toContain('LOCAL:REMOTE');
  });

  it('throws nothing but SP-USAGE, and accepts only ports that there can be', () => {
    const parts = fc.constantFrom('5432', ':', '0', 'pg', '-', '65536', ' ');
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.array(parts).map((all) => all.join('')),
    );
    fc.assert(
      fc.property(text, (given) => {
        try {
          const { local, remote } = parsePortSpec(given);
          if (local !== 'as-remote') expect(local).toBeLessThanOrEqual(65_535);
          if (typeof remote === 'number') expect(remote).toBeGreaterThan(0);
          else expect(remote).toMatch(/^[a-z0-9-]{1,63}$/);
        } catch (error) {
          expect(error).toMatchObject({ code: 'SP-USAGE' });
        }
      }),
      fuzzed(2_000),
    );
  });
});
