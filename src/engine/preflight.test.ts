import { expect, it } from 'vitest';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { AppError } from '../base/app-error.ts';
import { silentLog } from '../base/log.ts';
import type { AccessReport } from '../kube/access-review.ts';
import { type AccessRule, leastRole } from '../kube/access-review-role.ts';
import type { AccessReviews } from './access-reviews.ts';
import { Preflight } from './preflight.ts';

const namespace = 'data';
const create: AccessRule = { verb: 'create', group: '', resource: 'pods/portforward', name: 'pg-0' };
const get: AccessRule = { verb: 'get', group: '', resource: 'pods', name: 'pg-0' };

function report(allowed: AccessRule[], missing: AccessRule[]): AccessReport {
  const user = 'dev';
  const roleOf = (rules: AccessRule[]) => leastRole(rules, { namespace, user });
  return {
    user,
    groups: [],
    namespace,
    allowed,
    missing,
    degraded: [],
    role: missing.length > 0 ? roleOf(missing) : undefined,
    wholeRole: roleOf([...allowed, ...missing]),
    next: '',
  };
}

it('reviews again where the review of before says yes to what RBAC has just refused', async () => {
  const before = report([create, get], []);
  const now = report([], [create, get]);
  const reviews: Pick<AccessReviews, 'review' | 'reviewAnew' | 'reviewAhead'> = {
    review: async () => before,
    reviewAnew: async () => now,
    reviewAhead: async () => before,
  };
  using preflight = new Preflight({
    reviews,
    clock: new FakeClock(),
    log: silentLog,
    target: { kind: 'pod', name: 'pg-0' },
    namespace,
    carriers: () => ['spdy'],
  });
  const refused = new AppError('SP-FORBIDDEN', { user: 'dev', verb: 'create', resource: 'pods/portforward' });
  expect(await preflight.explain(refused, 'pg-0')).toMatchObject({
    code: 'SP-FORBIDDEN',
    details: {
      next: 'ask for a Role in namespace data with: pods/portforward create (pg-0); pods get (pg-0)',
    },
  });
});
