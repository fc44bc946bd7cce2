import { AppError } from '../base/app-error.ts';
import { parsePortSpec } from './parse-port-spec.ts';
import { parseTarget } from './parse-target.ts';

/** What is wrong with a target and its port as a profile has them, one sentence with what would be right; undefined: nothing. */
export function checkTarget(target: string, port: string | number): string | undefined {
  try {
    parseTarget(target);
    parsePortSpec(`:${port}`);
    return undefined;
  } catch (error) {
    const { message, next } = AppError.from(error).details;
    return `${message}; right would be ${next}`;
  }
}
