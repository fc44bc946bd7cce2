import pc from 'picocolors';
import { AppError } from '../base/app-error.ts';
import type { ErrorOutput } from '../contract/command-output.ts';
import { errorTable, errorText } from '../contract/error-codes.ts';

export interface ErrorLinesOptions {
  readonly verbose: boolean;
  readonly color: boolean;
  /** As people call it, where that is not sallyport: commands to run next are called so too. */
  readonly program?: string;
}

/** One screen: what happened, why, what next, code. With `verbose` also the chain of causes. */
export function errorLines(thrown: unknown, options: ErrorLinesOptions): string {
  const error = AppError.from(thrown);
  const { headline, why, next } = errorText(error.toData());
  const colors = pc.createColors(options.color);
  const lines = [`${colors.red('error:')} ${headline}`];
  if (why && why !== headline) lines.push(`  why:   ${why}`);
  if (next) lines.push(`  next:  ${calledAs(next, options.program)}`);
  lines.push(colors.dim(`  ${error.code} · exit ${errorTable[error.code].exitCode}`));
  if (options.verbose || error.code === 'SP-INTERNAL') lines.push(...causes(error, options.verbose));
  return `${lines.join('\n')}\n`;
}

/** The same for a program to read. */
export function errorOutput(thrown: unknown): ErrorOutput {
  const error = AppError.from(thrown);
  const { headline, why, next } = errorText(error.toData());
  const texts = { headline, ...(why && { why }), ...(next && { next }) };
  return { error: { ...error.toData(), ...texts, exitCode: error.exitCode } };
}

export function calledAs(text: string, program = 'sallyport'): string {
  return text.replaceAll(/(?<!kubectl )\bsallyport (?=[a-z-])/g, `${program} `);
}

function causes(error: Error, withStack: boolean): string[] {
  const lines: string[] = [];
  let cause: unknown = error.cause;
  for (let depth = 0; cause !== undefined && depth < 8; depth++) {
    const text = cause instanceof Error ? (withStack && cause.stack) || cause.message : String(cause);
    lines.push(`  cause: ${text.replaceAll('\n', '\n         ')}`);
    cause = cause instanceof Error ? cause.cause : undefined;
  }
  return lines;
}
