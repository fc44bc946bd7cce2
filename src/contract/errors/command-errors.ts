import { type ErrorEntry, say } from './error-entry.ts';

/** Of the command line itself. */
export const commandErrors = {
  'SP-INTERNAL': {
    retry: 'never',
    exitCode: 1,
    headline: (d) => `Sallyport met an unexpected error: ${say(d.message, 'no message')}`,
    next: () => 'run again with --verbose and report what it prints',
  },
  'SP-USAGE': {
    retry: 'never',
    exitCode: 2,
    headline: (d) => say(d.message, 'the command line cannot be read'),
    next: (d) => say(d.next, 'sallyport help forward'),
  },
  'SP-IMPORT': {
    retry: 'never',
    exitCode: 2,
    headline: (d) => `this cannot be imported: ${say(d.message, 'its format is not known')}`,
    next: (d) =>
      say(d.next, 'kftray and kube-forwarder exports and a kubectl port-forward command can be imported'),
  },
  'SP-PROGRAM-MISSING': {
    retry: 'never',
    exitCode: 9,
    headline: (d) => `there is no program ${say(d.program, 'of this name')}`,
    next: (d) => say(d.next, 'install it, or correct PATH'),
  },
  'SP-SANDBOX-START': {
    retry: 'never',
    exitCode: 9,
    headline: (d) => `the sandbox cluster did not start: ${say(d.message, '')}`,
    next: (d) => say(d.next, ''),
  },
} as const satisfies Record<string, ErrorEntry>;
