import { AppError } from '../base/app-error.ts';
import { calledAs } from '../client/called-as.ts';
import type { ErrorOutput } from '../contract/command-output.ts';
import { errorText } from '../contract/error-codes.ts';
import type { Cli } from './cli.ts';
import { colorsFor } from './paint.ts';

/** One screen on standard error: what happened, why, what next, code. With `verbose` also the chain of causes. */
export function printError(thrown: unknown, cli: Cli, { verbose = false } = {}): void {
  const error = AppError.from(thrown);
  const { headline, why, next } = errorText(error.toData());
  const colors = colorsFor(cli.stderr, cli);
  const lines = [`${colors.red('error:')} ${headline}`];
  if (why && why !== headline) lines.push(`  why:   ${why}`);
  if (next) lines.push(`  next:  ${calledAs(next, cli.program)}`);
  lines.push(colors.dim(`  ${error.code} · exit ${error.exitCode}`));
  if (verbose || error.code === 'SP-INTERNAL') lines.push(...causes(error, verbose));
  cli.stderr.write(`${lines.join('\n')}\n`);
}

/** The same for a program to read. */
export function errorOutput(thrown: unknown): ErrorOutput {
  const error = AppError.from(thrown);
  const { headline, why, next } = errorText(error.toData());
  const texts = { headline, ...(why && { why }), ...(next && { next }) };
  return { error: { ...error.toData(), ...texts, exitCode: error.exitCode } };
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
