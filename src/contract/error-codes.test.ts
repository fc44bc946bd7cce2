import { describe, expect, it } from 'vitest';
import { type ErrorCode, type ErrorDetails, errorTable, errorText } from './error-codes.ts';

describe('errorTable', () => {
  it.each(Object.keys(errorTable) as ErrorCode[])(
    '%s has sentences even where no detail is known',
    (code) => {
      const { headline, next } = errorText({ code, details: {} });
      expect(headline).not.toMatch(/undefined|null|\.$|!|oops/i);
      expect(headline.length).toBeGreaterThan(10);
      expect(next).not.toMatch(/undefined|null/);
    },
  );

  it('waits for somebody only where it says what to do', () => {
    for (const [code, { retry }] of Object.entries(errorTable)) {
      if (retry !== 'user') continue;
      const details = { known: '5432', hint: 'x' };
      expect(errorText({ code: code as ErrorCode, details }).next, code).not.toBe('');
    }
  });

  it.each<[ErrorCode, ErrorDetails, string]>([
    [
      'SP-TARGET-NOT-FOUND',
      { target: 'deployment/api', namespace: 'shop' },
      'kubectl get deployments -n shop',
    ],
    ['SP-TARGET-NOT-FOUND', { target: 'statefulset/pg/0' }, 'kubectl get statefulsets -n default'],
    [
      'SP-TARGET-NOT-FOUND',
      { target: 'selector/app=x' },
      'kubectl get pods,statefulsets,services,deployments -n default',
    ],
    ['SP-LOCAL-PORT-IN-USE', { profile: 'orders-db' }, 'sallyport profile edit orders-db --local PORT'],
    ['SP-LOCAL-PORT-IN-USE', {}, '`:REMOTE` takes a free one'],
  ])('%s %j leads where it can be mended', (code, details, next) => {
    expect(errorText({ code, details }).next).toContain(next);
  });

  it('ends no command with 0 or with a code above 9', () => {
    for (const { exitCode } of Object.values(errorTable)) {
      expect(exitCode).toBeGreaterThan(0);
      expect(exitCode).toBeLessThan(10);
    }
  });
});

it('what others send cannot move the cursor, colour the terminal or turn its text around', () => {
  const message = 'a\u001b[31mb\u202ec\u2028d\ne\tf';
  expect(errorText({ code: 'SP-USAGE', details: { message } }).headline).toBe('a[31mbcd\ne\tf');
});
