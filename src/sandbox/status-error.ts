/** An answer of the API server that is a Status object (meta/v1), with the texts that Kubernetes itself uses. */
export class StatusError extends Error {
  readonly httpCode: number;
  readonly reason: string;
  readonly details: StatusDetails;

  constructor(httpCode: number, reason: string, message: string, details: StatusDetails = {}) {
    super(message);
    this.name = 'StatusError';
    this.httpCode = httpCode;
    this.reason = reason;
    this.details = details;
  }

  toStatus(): object {
    return {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message: this.message,
      reason: this.reason,
      details: this.details,
      code: this.httpCode,
    };
  }
}

export interface StatusDetails {
  readonly name?: string;
  readonly group?: string;
  readonly kind?: string;
  readonly uid?: string;
  readonly retryAfterSeconds?: number;
}

export const unauthorized = () => new StatusError(401, 'Unauthorized', 'Unauthorized');

export const notFound = (resource: string, name: string, group = '') =>
  new StatusError(404, 'NotFound', `${qualified(resource, group)} "${name}" not found`, {
    name,
    kind: resource,
    ...(group === '' ? {} : { group }),
  });

export const unknownPath = () =>
  new StatusError(404, 'NotFound', 'the server could not find the requested resource');

export const alreadyExists = (resource: string, name: string, group = '') =>
  new StatusError(409, 'AlreadyExists', `${qualified(resource, group)} "${name}" already exists`, {
    name,
    kind: resource,
  });

export const conflict = (resource: string, name: string, why: string) =>
  new StatusError(409, 'Conflict', `Operation cannot be fulfilled on ${resource} "${name}": ${why}`, {
    name,
    kind: resource,
  });

export const expired = (asked: number, oldest: number) =>
  new StatusError(410, 'Expired', `too old resource version: ${asked} (${oldest})`);

export const badRequest = (message: string) => new StatusError(400, 'BadRequest', message);

export const methodNotAllowed = () =>
  new StatusError(405, 'MethodNotAllowed', 'the server does not allow this method on the requested resource');

export const unsupportedMediaType = (accepted: string) =>
  new StatusError(
    415,
    'UnsupportedMediaType',
    `the body of the request was in an unknown format - accepted media types include: ${accepted}`,
  );

const qualified = (resource: string, group: string) => (group === '' ? resource : `${resource}.${group}`);
