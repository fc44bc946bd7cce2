import { AppError } from '../base/app-error.ts';
import type { ErrorDetails } from '../contract/error-codes.ts';
import type { AccessReport } from './access-review.ts';
import { type AccessRule, leastRole, sentenceOf } from './access-review-role.ts';

/**
 * What a refusal means, in the light of the review: SP-FORBIDDEN with user, verb, resource, namespace, why, next and the YAML of the Role;
 * or SP-ADMISSION-DENIED where nothing is missing and the authorizer is not who refused, so that a policy must have done it. Any other
 * error is returned as it is.
 */
export function explainForbidden(report: AccessReport, error: AppError): AppError {
  if (error.code !== 'SP-FORBIDDEN') return error;
  const refused = refusedRule(report, error.details);
  if (!isAuthorizers(error) && report.missing.length === 0) {
    const why = text(error.details.why) ?? error.message;
    return new AppError('SP-ADMISSION-DENIED', { ...error.details, message: why, why }, error);
  }
  const user = report.user ?? text(error.details.user);
  const { namespace } = report;
  const missing = report.missing.length > 0 || !refused ? report.missing : [refused];
  const role = report.role ?? (missing.length > 0 ? leastRole(missing, { namespace, user }) : undefined);
  return new AppError(
    'SP-FORBIDDEN',
    {
      ...error.details,
      user,
      verb: refused?.verb ?? error.details.verb,
      resource: refused?.resource ?? error.details.resource,
      namespace,
      why:
        text(error.details.why) ?? (refused && `${refused.resource} "${refused.verb}" is forbidden by RBAC`),
      ...(role && { next: sentenceOf(role), role: role.yaml }),
    },
    error,
  );
}

/** The review says yes to what the authorizer has just refused: one of them is of before a Role was given, or taken away. */
export function isOutdated(report: AccessReport, error: AppError): boolean {
  const refused = refusedRule(report, error.details);
  return isAuthorizers(error) && refused !== undefined && report.allowed.includes(refused);
}

/** Only the authorizer names a verb; see status-error.ts. */
function isAuthorizers({ details }: AppError): boolean {
  return details.verb !== undefined;
}

/** The rule that was refused: as the error says, else the first that is missing. */
function refusedRule(report: AccessReport, { verb, resource }: ErrorDetails): AccessRule | undefined {
  const known = [...report.missing, ...report.degraded, ...report.allowed];
  if (verb === undefined || resource === undefined) return report.missing[0];
  return known.find((rule) => rule.verb === verb && rule.resource === resource);
}

function text(value: ErrorDetails[string]): string | undefined {
  return value === undefined || value === '' ? undefined : String(value);
}
