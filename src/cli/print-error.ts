import pc from 'picocolors';
import { AppError } from '../base/app-error.ts';
import { errorTable, errorText } from '../contract/error-codes.ts';

/** One screen: what happened, why, what next, code. With `verbose` also the chain of causes. */
export function errorLines(thrown: unknown, options: { verbose: boolean; color: boolean }): string {
  const error = AppError.from(thrown);
  const { headline, why, next } = errorText(error.toData());
  const colors = pc.createColors(options.color);
  const lines = [`${colors.red('error:')} ${headline}`];
  if (why && why !== headline) lines.push(`  why:   ${why}`);
  if (next) lines.push(`  next:  ${next}`);
  lines.push(colors.dim(`  ${error.code} · exit ${errorTable[error.code].exitCode}`));
  if (options.verbose || error.code === 'SP-INTERNAL') lines.push(...causes(error, options.verbose));
  return `${lines.join('\n')}\n`;
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
