import { describe, expect, it } from 'vitest';
import { type ErrorCode, errorTable, errorText } from './error-codes.ts';

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

  it('ends no command with 0 or with a code above 9', () => {
    for (const { exitCode } of Object.values(errorTable)) {
      expect(exitCode).toBeGreaterThan(0);
      expect(exitCode).toBeLessThan(10);
    }
  });
});
